"""A clock: the regular time axis under rows as they come, with every gap a row of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.findings import count
from lstmcast.core.panel import COUNTER, Clock, Times, default_seasons
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.decoding import Micros
from lstmcast.ingest.time import absent, difference, frequency
from lstmcast.ingest.time.frequency import DAY
from lstmcast.ingest.time.nature import are_amounts
from lstmcast.ingest.time.partial import without_partial
from lstmcast.ingest.time.remedy import Remedy, UnsettledError, unsettled
from lstmcast.ingest.time.rows import Rows, grouped, in_order, one_a_stamp
from lstmcast.ingest.time.zones import suspected_zones, zone_of_midnights

_HOUR, _MINUTE = DAY // 24, DAY // 1440
_MOST_STEPS = 0.5  # share of steps that must be the modal one
_RARE = 0.05  # share of steps below which the commonest is no sign of a clock
_SEVERAL = 0.3  # share of repeated stamps from which on a file holds several series, whatever the clock did
_SCATTERED, _SCATTERED_WIDTH = 0.2, 0.5  # share of the modal step, and deviation to mean, of stamps of events
_THINNEST = 20  # rows of the clock for each row of the file, beyond which a stamp must be wrong


@dataclass(frozen=True)
class Requested:
    """The user's wishes for the clock (None: as the file shows) and how its stamps are written.

    lone: the frequency of a row that stands alone, and so shows none; identities: columns that might name series;
    are_events: no column holds measurements or amounts, so that rows can be counted only;
    target: its name; amounts: places of the columns that are zero where nothing happened; takes_absent: whether rows
    that the file lacks are filled as the rules say;
    style: the file's own ISO 8601 pattern, or empty; has_hours, has_offsets: what its
    stamps show.
    """

    freq: str | None = None
    lone: str | None = None
    seasons: tuple[int, ...] | None = None
    identities: tuple[str, ...] = ()
    are_events: bool = False
    style: str = ""
    has_hours: bool = True
    has_offsets: bool = False
    target: str = ""
    amounts: tuple[int, ...] = ()
    takes_absent: bool = False


@dataclass(frozen=True, eq=False)
class Regular:
    """Series on a clock: offsets (S+1,), times (N,), values (N, C); evidence says how its step was found."""

    offsets: NDArray[np.int64]
    times: Times
    values: NDArray[np.float64]
    clock: Clock
    evidence: str


def regular(rows: Rows, requested: Requested, context: ReadContext) -> Regular:
    """The rows on their clock; raises DataError when they keep none, with the evidence and the remedy."""
    rows = in_order(rows, context)
    if rows.zone is None and not rows.is_counter and requested.has_hours:
        _refuse_hidden_zone(rows, context)
    size, how = rows.size, context.rules.aggregate
    if requested.freq is None or how is None:
        rows = one_a_stamp(rows, requested.identities, context)
    if requested.freq is None and requested.lone is not None and not rows.steps().size:
        found = requested.lone
    else:
        found = _found(rows, requested.freq is not None, context, requested.are_events)
    freq = found if requested.freq is None else frequency.chosen(requested.freq, found)
    clock = Clock(freq, rows.zone, default_seasons(freq) if requested.seasons is None else requested.seasons)
    if requested.freq is not None and how is not None:
        rows = difference.of_rows(rows, context) if context.rules.difference else rows
        rows = _aggregated(rows, clock, how, context)
        size = rows.size
    rows = _on_month_starts(rows, clock, context)
    clock = replace(clock, style=_style(rows, clock, requested))
    places = _places(rows, clock, requested.freq is not None, context)
    steps = np.where(rows.inner(), np.diff(places), 0)
    _refuse_thin(rows, steps, clock, context)
    evidence = _evidence(rows, steps, clock, size - rows.size, context)
    how_absent = absent.meaning(context.rules) if requested.takes_absent else absent.MISSING
    extra = _steps_to_end(rows, places, clock) if how_absent != absent.MISSING else None
    series, lacking = _filled(rows, places, clock, evidence, extra)
    if requested.takes_absent:
        series = _with_absent(series, lacking, how_absent, requested, context)
    return _differenced(series, context) if context.rules.difference and how is None else series


def _microseconds(clock: Clock) -> int:
    """The step of a clock below a day."""
    return 0 if clock.step is None else int(clock.step / np.timedelta64(1, "us"))


# --- frequency


def _found(rows: Rows, is_given: bool, context: ReadContext, are_events: bool) -> str:
    """The alias of the modal step; raises DataError when the steps are too unlike each other."""
    steps = rows.steps()
    if not steps.size:
        if is_given:
            return "D"
        raise context.refusal("there is only one row; a frequency shows between two (or give --freq)")
    step, often = frequency.modal(steps)
    if rows.is_counter:
        if step != 1:
            raise context.refusal(
                f"the counter goes up by {step}, not by one; number the rows, or give times"
            )
        return COUNTER
    if step < DAY - 2 * _HOUR:
        freq = frequency.tick(step)
    else:
        freq = frequency.of_days(Clock("D", rows.zone).wall(rows.times).astype(np.int64), steps)
        often = int((np.abs(steps - step) <= _looseness(freq)).sum())
        if not is_given and rows.zone == "UTC" and (rows.utc % DAY).any():
            _refuse_midnights_elsewhere(rows, context)
    if often < _MOST_STEPS * steps.size and not is_given:
        if (common := _common_step(steps, context)) is not None:
            return common
        raise _irregular(rows, "", context, are_events=are_events)
    return freq


def _common_step(steps: NDArray[np.int64], context: ReadContext) -> str | None:
    """The step of which all others are multiples, where the user says what absent rows mean; None where that is less
    than a minute, or nothing is said."""
    step = int(np.gcd.reduce(steps))
    if context.rules.absent in (None, absent.MISSING) or step < _MINUTE:
        return None
    return frequency.tick(step) if step % DAY else f"{step // DAY if step > DAY else ''}D"


def _refuse_midnights_elsewhere(rows: Rows, context: ReadContext) -> None:
    """Raise DataError for days whose midnights are those of another zone than the stamps name."""
    zone = zone_of_midnights(rows.utc)
    if zone is not None and np.unique(rows.utc % DAY).size > 1:
        fact = f"every stamp is a midnight in {zone}, written as UTC"
        raise unsettled(context, fact, [Remedy({"--tz": zone}, "say so with {}")])


def _looseness(freq: str) -> int:
    """Return how far steps of a frequency lie apart: months by three days, days by a change of the clock."""
    return 4 * DAY if frequency.shortest_days(freq) >= 28 else 4 * DAY if freq == "B" else 2 * _HOUR


def _irregular(
    rows: Rows, off: str, context: ReadContext, row: int | None = None, *, are_events: bool = False
) -> UnsettledError:
    """The steps there are, and how to put such a file on a clock, by what its values look like; row: the first that is
    off the commonest step."""
    steps = rows.steps()
    bounds = f"from {_span(int(steps.min()))} to {_span(int(steps.max()))}"
    fact = f"times are irregular: {_commonest(steps)}, {bounds}{off}"
    line, stamp = (None, None) if row is None else (int(rows.lines[row]), rows.show(row))
    remedies = _ways_onto_a_clock(rows, steps, are_events)
    otherwise = "see to the stamps"
    return unsettled(context, fact, remedies, otherwise, line=line, stamp=stamp, may_hold_several=True)


def _commonest(steps: NDArray[np.int64]) -> str:
    """The two commonest steps; where hardly any comes again, the median."""
    values, counts = np.unique(steps, return_counts=True)
    best = np.argsort(-counts, kind="stable")[:2]
    if counts[best[0]] < _RARE * steps.size:
        return f"half of the steps are longer than {_span(int(np.median(steps)))}"
    return ", ".join(f"{_span(int(values[i]))} in {counts[i]:,} of {steps.size:,} steps" for i in best)


def _ways_onto_a_clock(rows: Rows, steps: NDArray[np.int64], are_events: bool) -> list[Remedy]:
    """Amounts are added up and events counted; states are averaged, or held where rows come only when they change."""
    _, often = frequency.modal(steps)
    is_scattered = often < _SCATTERED * steps.size and steps.std() > _SCATTERED_WIDTH * steps.mean()
    if not is_scattered and not are_events:
        return [_together(frequency.coarse(steps), "mean", "average them with {}")]
    step = frequency.round_step(float(steps.mean()) * frequency.ROWS_A_STEP)
    counts = _together(step, "count", "for events {}")
    if are_events:
        return [counts]
    sums = _together(step, "sum", "for amounts {}")
    means = _together(step, "mean", "for measurements {}")
    held = {"--freq": frequency.fine(steps), "--aggregate": "last", "--absent": "last"}
    holds = Remedy(held, "where a value holds until the next row {}")
    return [sums, counts, means] if are_amounts(rows) else [means, holds, sums]


def _together(step: str, how: str, words: str) -> Remedy:
    return Remedy({"--freq": step, "--aggregate": how}, words)


def _span(step: int) -> str:
    """A step in words, however odd."""
    if step >= DAY:
        return f"{step / DAY:.3g} d"
    if step < _MINUTE or step % _MINUTE == 0:
        return frequency.words(frequency.tick(step))
    return f"{step / _HOUR:.3g} h" if step >= _HOUR else f"{step / _MINUTE:.3g} min"


def _aggregated(rows: Rows, clock: Clock, how: str, context: ReadContext) -> Rows:
    """Rows moved to the start (weeks, month ends: the end) of their step and put together there."""
    wall = clock.wall(rows.times).astype(np.int64)
    below_a_day = clock.step is not None
    utc = rows.utc - wall % _microseconds(clock) if below_a_day else _period_stamps(wall, clock)
    together = replace(rows, utc=utc)
    message = f"{count(rows.size, 'row')} put on a clock of {frequency.words(clock.freq)} by their {how}"
    context.info("aggregated", message, "--aggregate mean|sum|count|last|max")
    begins, ends = _bounds(rows, utc, clock)
    return without_partial(grouped(together, together.again(), how), rows, begins, ends, context)


def _bounds(rows: Rows, utc: Micros, clock: Clock) -> tuple[Micros, Micros]:
    """(n,) the first instant of the period of each row and that of the next; utc: (n,) the clock's stamp of it."""
    if clock.step is not None:
        return utc, utc + _microseconds(clock)
    stamps = np.unique(utc)
    first, last = (stamp.astype("datetime64[us]") for stamp in (stamps[0], stamps[-1]))
    edges = clock.grid(first, clock.steps(first, last) + 2).astype(np.int64)
    if frequency.names_its_end(clock.freq):
        edges = clock.utc(
            (clock.wall(edges.astype("datetime64[us]")).astype(np.int64) + DAY).astype("datetime64[us]")
        ).astype(np.int64)
        place = np.searchsorted(edges, rows.utc, side="right")
        width = edges[1] - edges[0]
        return np.where(place > 0, edges[np.maximum(place - 1, 0)], edges[0] - width), edges[place]
    place = np.searchsorted(edges, utc)
    return edges[place], edges[place + 1]


def _period_stamps(wall: Micros, clock: Clock) -> Micros:
    """The clock's stamp of the period that each wall time lies in: its start, or the day it ends on."""
    day = wall // DAY * DAY
    longest = int(400 * max(1.0, frequency.shortest_days(clock.freq) / 365)) * DAY
    first, last = int(day.min()) - longest, int(day.max()) + longest
    number = int((last - first) / (DAY * frequency.shortest_days(clock.freq))) + 2
    grid = Clock(clock.freq).grid(np.datetime64(first, "us"), number).astype(np.int64)
    if frequency.names_its_end(clock.freq):
        place = np.searchsorted(grid, day)
    else:
        place = np.searchsorted(grid, day, side="right") - 1
    return clock.utc(grid[place].astype("datetime64[us]")).astype(np.int64)


def _on_month_starts(rows: Rows, clock: Clock, context: ReadContext) -> Rows:
    """Stamps in the middle of months, quarters or years stand for them: moved to their first day, and said."""
    if rows.is_counter or frequency.unit(clock.freq)[:2] not in ("MS", "QS", "YS"):
        return rows
    wall = clock.wall(rows.times)
    months = wall.astype("datetime64[M]")
    day = (wall.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)
    if day[0] == 0 or not (day == day[0]).all():
        return rows
    message = f"every stamp is on day {day[0] + 1} of its month; taken for the month, from its first day"
    context.info("mid_month", message)
    return replace(rows, utc=clock.utc(months.astype("datetime64[us]")).astype(np.int64))


def _style(rows: Rows, clock: Clock, requested: Requested) -> str:
    """The file's own ISO 8601 style where it has one that can show the clock's stamps."""
    if rows.is_counter:
        return "%d"
    wall = clock.wall(rows.times).astype(np.int64)
    whole_days = clock.step is None and not (wall % DAY).any()
    whole_months = whole_days and frequency.unit(clock.freq)[:2] in ("MS", "QS", "YS")
    style = requested.style
    if not style or (style == "%Y-%m" and not whole_months) or (style == "%Y-%m-%d" and not whole_days):
        zoned = "%z" if requested.has_offsets else ""
        style = "%Y-%m-%d" if whole_days else f"%Y-%m-%dT%H:%M:%S{zoned}"
    finest = np.gcd(np.gcd.reduce(wall), _microseconds(clock))
    if finest % 60_000_000 and "%S" not in style:
        style = style.replace("%H:%M", "%H:%M:%S")
    return style.replace("%S", "%S.%f") if finest % 1_000_000 else style


# --- gaps


def _places(rows: Rows, clock: Clock, is_given: bool, context: ReadContext) -> NDArray[np.int64]:
    """(n,) how many steps of the clock each row lies after the first of its series."""
    if clock.step is not None:
        places = rows.utc - np.repeat(rows.utc[rows.starts()], rows.lengths())
        is_off = places % _microseconds(clock) != 0
        places //= _microseconds(clock)
    else:
        grid = _grid(rows, clock)
        places = np.searchsorted(grid, rows.utc).astype(np.int64)
        is_off = grid[np.minimum(places, grid.size - 1)] != rows.utc
        places -= np.repeat(places[rows.starts()], rows.lengths())
    if is_off.any():
        raise _off_clock(rows, is_off, clock, is_given, context)
    return places


def _off_clock(
    rows: Rows, is_off: NDArray[np.bool_], clock: Clock, is_given: bool, context: ReadContext
) -> DataError:
    row = int(np.argmax(is_off))
    stamps = f"{count(int(is_off.sum()), 'stamp')} off the clock"
    off = f"; {stamps}, the first is {rows.show(row)} in line {rows.lines[row]}"
    if not is_given:
        return _irregular(rows, off, context, row)
    return unsettled(
        context,
        f"the stamps do not keep --freq {clock.freq}{off}; give another",
        [] if context.rules.aggregate else [Remedy({"--aggregate": "mean"}, "or put them together with {}")],
        line=int(rows.lines[row]),
        stamp=rows.show(row),
    )


def _grid(rows: Rows, clock: Clock) -> Micros:
    """Every stamp of a calendar clock from the first row to the last."""
    first, last = int(rows.utc.min()), int(rows.utc.max())
    number = int((last - first) / (frequency.shortest_days(clock.freq) * DAY)) + 2
    grid: Micros = clock.grid(np.datetime64(first, "us"), number).astype(np.int64)
    return grid


def _refuse_thin(rows: Rows, steps: NDArray[np.int64], clock: Clock, context: ReadContext) -> None:
    """Raise DataError where a clock has many times more steps than rows: a stamp must be wrong."""
    if steps.sum() <= _THINNEST * rows.size + 1000:
        return
    row = int(np.argmax(steps))
    raise context.refusal(
        f"a gap of {steps[row] - 1:,} steps of {frequency.words(clock.freq)} between {rows.show(row)} (line "
        f"{rows.lines[row]}) and {rows.show(row + 1)} (line {rows.lines[row + 1]}); is a stamp wrong, "
        "or the step too short (--freq)?",
        line=rows.lines[row],
        stamp=rows.show(row),
    )


def _evidence(
    rows: Rows,
    steps: NDArray[np.int64],
    clock: Clock,
    repeated: int,
    context: ReadContext,
) -> str:
    """Return how the frequency shows in the steps (n-1,), 0 between series; note gaps on the way."""
    wide = np.flatnonzero(steps > 1)
    total = int((steps > 0).sum())
    evidence = f"{frequency.words(clock.freq)} in {int((steps == 1).sum()):,} of {total:,} steps"
    found = []
    if wide.size:
        lacking = count(int((steps[wide] - 1).sum()), "step")
        first = clock.after(rows.times[wide[0]], 1).astype(np.int64)[0]
        stamp = rows.show(wide[0], first)
        where = f"the first is {stamp} (after line {rows.lines[wide[0]]})"
        found.append(count(wide.size, "gap"))
        message = f"{found[0]}: {lacking} of {frequency.words(clock.freq)} missing, {where}"
        zones = _suspected(rows, rows.utc[:0]) if rows.zone is None and not rows.is_counter else []
        remedy = f"--tz {zones[0]} if the clock is put forward there" if zones else ""
        tell = context.warn if absent.meaning(context.rules) == absent.MISSING else context.info
        tell("gaps", message, remedy, context.place(stamp=stamp, line=rows.lines[wide[0]]))
    if repeated:
        found.append(count(repeated, "duplicate"))
    return "; ".join([evidence, ", ".join(found)] if found else [evidence])


def _filled(
    rows: Rows, places: NDArray[np.int64], clock: Clock, evidence: str, extra: NDArray[np.int64] | None
) -> tuple[Regular, NDArray[np.bool_]]:
    """A row for every step of the clock, those that the file lacks NaN, and (N,) which these are.

    extra: (S,) steps after the last row of each series that it is to have besides.
    """
    starts, lengths = rows.starts(), rows.lengths()
    sizes = places[starts + lengths - 1] + 1
    offsets = np.concatenate([[0], np.cumsum(sizes if extra is None else sizes + extra)])
    total = int(offsets[-1])
    if total == rows.size:
        return Regular(offsets, rows.times, rows.values, clock, evidence), np.zeros(total, dtype=bool)
    values, lacking = np.full((total, rows.values.shape[1]), np.nan), np.ones(total, dtype=bool)
    present = places + np.repeat(offsets[:-1], lengths)
    values[present], lacking[present] = rows.values, False
    inner = np.arange(total) - np.repeat(offsets[:-1], np.diff(offsets))
    first = np.repeat(rows.utc[starts], np.diff(offsets))
    if clock.step is not None:
        utc = first + inner * _microseconds(clock)
    else:
        grid = _grid(rows, clock)
        utc = grid[np.searchsorted(grid, first) + inner]
    return Regular(offsets, utc.astype("datetime64[us]"), values, clock, evidence), lacking


def _steps_to_end(rows: Rows, places: NDArray[np.int64], clock: Clock) -> NDArray[np.int64]:
    """(S,) steps from the last row of each series to the last at which any series is known."""
    lasts, until = rows.utc[rows.starts() + rows.lengths() - 1], absent.known_until(rows)
    if clock.step is not None:
        steps = (until - lasts) // _microseconds(clock)
    else:
        grid = _grid(rows, clock)
        steps = np.searchsorted(grid, until) - np.searchsorted(grid, lasts)
    extra: NDArray[np.int64] = np.maximum(steps, 0)
    return extra


def _with_absent(
    series: Regular, lacking: NDArray[np.bool_], how: str, requested: Requested, context: ReadContext
) -> Regular:
    """The series with the rows that the file lacks filled, up to the last that any is known."""
    is_first = np.zeros(len(lacking), dtype=bool)
    is_first[series.offsets[:-1]] = True
    if how == absent.MISSING or not lacking.any():
        if lacking.any() and requested.lone is None:  # a fresh file is read as that of the training
            absent.say_doubt(series.values[:, 0], lacking, ~is_first[1:], requested.target, context)
        return series
    how = absent.LAST if context.rules.difference and context.rules.aggregate is None else how
    known = np.isfinite(series.values[:, 0])
    until = series.times[known].max() if known.any() else series.times.min()
    lacking = lacking & (series.times <= until)
    means = "count as 0" if how == absent.ZERO else "hold the last value"
    context.info("absent", f"{count(int(lacking.sum()), 'step')} without a row {means}", "--absent missing")
    filled = absent.Absent(lacking, how, requested.amounts).filled(series.values)
    return replace(series, values=filled)


def _differenced(series: Regular, context: ReadContext) -> Regular:
    """The series with the target as what was used since the row before."""
    is_first = np.zeros(len(series.times), dtype=bool)
    is_first[series.offsets[:-1]] = True
    values = series.values.copy()
    values[:, 0], restarts = difference.of_grid(values[:, 0], is_first)
    difference.say(series.clock.write(series.times[restarts]), context)
    return replace(series, values=values)


def _refuse_hidden_zone(rows: Rows, context: ReadContext) -> None:
    """Raise DataError when hours are doubled and missing just where some zone changes its clock."""
    again = rows.again()
    is_one_series = 0 < again.mean() < _SEVERAL
    zones = _suspected(rows, rows.utc[again]) if is_one_series else []
    if not zones:
        return
    row = int(np.argmax(again))
    raise unsettled(
        context,
        f"{rows.show(row)} stands twice (line {rows.lines[row]}), as on the clocks of {', '.join(zones[:2])} when "
        "they are put back",
        [
            Remedy({"--tz": zones[0]}, "say so with {}"),
            Remedy({"--tz": "UTC"}, ", if the clock is never changed, {}"),
        ],
        "name the zone with --tz",
        line=int(rows.lines[row]),
        stamp=rows.show(row),
    )


def _suspected(rows: Rows, doubled: Micros) -> list[str]:
    """Zones whose changes of the clock show in these doubled stamps and in the gaps of rows an hour apart or less."""
    steps = rows.steps()
    steps = steps[steps > 0]
    step = frequency.modal(steps)[0] if steps.size else 0
    if not 0 < step <= _HOUR:
        return []
    before_gap = np.flatnonzero((np.diff(rows.utc) > step) & rows.inner())
    inside = [
        np.arange(rows.utc[row] + step, min(rows.utc[row + 1], rows.utc[row] + 2 * _HOUR), step)
        for row in before_gap
    ]
    missing = np.concatenate([rows.utc[:0], *inside])
    return suspected_zones(doubled, missing, int(rows.utc.min()), int(rows.utc.max()), step)
