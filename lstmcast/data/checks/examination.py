"""An examination: every finding that the numbers of a panel give reason for, in plain words."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.findings import NOTE, WARNING, Finding, count, percent, written
from lstmcast.core.panel import Panel
from lstmcast.core.place import Place
from lstmcast.data.checks import levels, meters, seasons, spikes, stretches
from lstmcast.data.checks.meters import Meter
from lstmcast.data.checks.stretches import Stretch
from lstmcast.data.checks.tracks import MOST_SERIES, Track, is_number, tracks

_SLACK = np.timedelta64(14, "h")  # a stamp without a zone may be that far ahead of UTC
_GAPPY, _FULL_OF_GAPS = 0.05, 0.2  # shares of missing rows that are noted, and warned of
_FAINT = 0.1  # strength below which a season does not show
_FEWEST = 4  # rows below which a share means nothing


@np.errstate(all="ignore")  # values near the largest there are overflow when squared, and show no season then
def examine(panel: Panel, now: np.datetime64 | None = None) -> tuple[Finding, ...]:
    """Findings of the whole panel and of each of its columns of numbers.

    now: UTC, for stamps in the future; None is the clock of this machine.
    """
    if not len(panel.times):
        return ()
    found = [*_future(panel, np.datetime64("now") if now is None else now), *_ends(panel), *_sampled(panel)]
    for column in range(panel.values.shape[1]):
        if is_number(panel, column):
            found += _of_column(list(tracks(panel, column)))
    return tuple(found)


def _of_column(seen: Sequence[Track]) -> Iterator[Finding]:
    if not seen:
        return
    yield from _missing(seen)
    yield from _constant(seen)
    yield from _seasons(seen)
    yield from _stretches(seen)
    if metered := _metered(seen):
        yield _counter(metered)
    else:
        yield from _jumps(seen)
        yield from _outliers(seen)
        yield from _not_positive(seen)


def _severity(track: Track) -> str:
    """Of what should not be: a warning in the target, a note in any other column."""
    return WARNING if track.is_target else NOTE


def _future(panel: Panel, now: np.datetime64) -> Iterator[Finding]:
    """Values known of a time that has not come yet."""
    if panel.clock.is_counter:
        return
    latest = now + _SLACK if panel.clock.zone is None else now
    ahead = (panel.times > latest) & np.isfinite(panel.target)
    if ahead.any():
        first = panel.clock.write(panel.times[ahead][:1])[0]
        message = (
            f"{count(int(ahead.sum()), 'row')} with a known {panel.columns[0].name!r} later than now by this "
            f"machine's clock, the first is {first}"
        )
        place = Place(column=panel.columns[0].name, stamp=first)
        yield Finding(WARNING, "future_stamps", message, "--dates or --tz if stamps are read wrongly", place)


def _ends(panel: Panel) -> Iterator[Finding]:
    """Series whose last known target is earlier than that of others."""
    lasts = panel.times[np.maximum(panel.known_until() - 1, panel.offsets[:-1])]
    early = np.flatnonzero(lasts < lasts.max())
    if early.size:
        first = early[np.argmin(lasts[early])]
        stamp = panel.clock.write(lasts[first : first + 1])[0]
        message = (
            f"{early.size:,} of {len(panel.ids):,} series end before the others; {panel.ids[first]!r} ends first, "
            f"with {stamp}"
        )
        yield Finding(NOTE, "ends_early", message, place=Place(stamp=stamp))


def _sampled(panel: Panel) -> Iterator[Finding]:
    """That not every series is looked at one by one."""
    if len(panel.ids) > MOST_SERIES:
        message = f"of {len(panel.ids):,} series {MOST_SERIES}, evenly spread, are looked at one by one"
        yield Finding(NOTE, "sampled", message)


def _missing(seen: Sequence[Track]) -> Iterator[Finding]:
    """Yield how much is missing, absent rows included, and the longest stretch of it."""
    rows = sum(track.values.size for track in seen)
    missing = sum(int(np.isnan(track.values).sum()) for track in seen)
    if rows < _FEWEST or missing < _GAPPY * rows:
        return
    track, (start, stop) = max(
        ((track, _longest_gap(track.values)) for track in seen), key=lambda pair: pair[1][1] - pair[1][0]
    )
    severity = _severity(track) if missing >= _FULL_OF_GAPS * rows else NOTE
    message = (
        f"{percent(missing / rows, 0)} of the rows of column {track.name} are missing, absent ones included; "
        f"the longest stretch is {count(stop - start, 'row')} from {track.stamp(start)}"
    )
    yield Finding(severity, "missing_share", message, place=track.place(start))


def _longest_gap(values: NDArray[np.float64]) -> tuple[int, int]:
    """(first row, row after the last) of the longest stretch of missing cells."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], np.isnan(values), [False]]).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    if not starts.size:
        return 0, 0
    longest = int(np.argmax(stops - starts))
    return int(starts[longest]), int(stops[longest])


def _constant(seen: Sequence[Track]) -> Iterator[Finding]:
    """Series of a panel that never change; of a single series the reader says so."""
    still = [track for track in seen if np.nanmin(track.values) == np.nanmax(track.values)]
    if still and len(seen) > len(still):
        message = (
            f"column {still[0].name} never changes in {len(still):,} of {len(seen):,} series, the first is "
            f"{still[0].panel.ids[still[0].series]!r}"
        )
        yield Finding(WARNING, "constant", message, place=still[0].place())


def _metered(seen: Sequence[Track]) -> list[tuple[Track, Meter]]:
    """The series that only climb, when most of them do."""
    found = [(track, is_meter) for track in seen if (is_meter := meters.meter(track.values)) is not None]
    return found if 2 * len(found) >= len(seen) else []


def _counter(metered: Sequence[tuple[Track, Meter]]) -> Finding:
    """A column that only climbs, with or without falling back now and then: of the target, a warning."""
    track = metered[0][0]
    remedy = "put what it grows by in each step into the column instead"
    if track.is_target:
        remedy = f"--target {shlex.quote(track.panel.columns[track.column].name)} --difference"
    times = sum(len(found.resets) for _, found in metered)
    if not times:
        message = f"column {track.name} only climbs, as a counter does; any forecast of it looks good"
        return Finding(_severity(track), "climbs", message, remedy, track.place())
    track, found = next((track, found) for track, found in metered if found.resets)
    message = (
        f"column {track.name} only climbs, and falls back to its start {count(times, 'time')}, first at "
        f"{track.stamp(found.resets[0])}; it is a counter"
    )
    return Finding(_severity(track), "counter_resets", message, remedy, track.place(found.resets[0]))


def _seasons(seen: Sequence[Track]) -> Iterator[Finding]:
    """Yield how strong the seasons of the clock are; where it has none, the one that the target shows."""
    track, clock = seen[0], seen[0].panel.clock
    strengths = seasons.strengths([each.values for each in seen], clock.seasons)
    if strengths:
        message = f"column {track.name} {_season_words(strengths)}"
        yield Finding(NOTE, "seasons", message, place=track.place())
    if not clock.seasons and track.is_target and (length := seasons.find_season(track.values)) is not None:
        share = seasons.strength(track.values, length)
        message = (
            f"column {track.name} shows a season of {length:,} rows (strength {share:.2f}); none is used"
        )
        yield Finding(WARNING, "season", message, f"--season {length}", track.place())


def _season_words(strengths: Mapping[int, float]) -> str:
    """The seasons that show, or that none does."""
    told = {length: f"{length:,} rows (strength {share:.2f})" for length, share in strengths.items()}
    clear = [told[length] for length, share in strengths.items() if share >= _FAINT]
    if not clear:
        return f"shows no season of {' or '.join(told.values())}"
    return f"has {'a season' if len(clear) == 1 else 'seasons'} of {' and '.join(clear)}"


def _stretches(seen: Sequence[Track]) -> Iterator[Finding]:
    """Values that stand still for long: at the end of the series, and before it."""
    ends: list[tuple[Track, Stretch]] = []
    inner: list[tuple[Track, Stretch]] = []
    for track in seen:
        last = stretches.tail(track.values)
        for found in stretches.flat_stretches(track.values, track.panel.clock.season):
            (ends if found == last else inner).append((track, found))
    if ends:
        track, longest = _longest(ends)
        message = (
            f"column {track.name} has stayed at {longest.value:.6g} for its last {count(longest.length, 'row')}, "
            f"since {track.stamp(longest.start)}{_more(ends, 'series')}"
        )
        remedy = "if the sensor was stuck, empty those cells or --exclude them"
        yield Finding(_severity(track), "stale_tail", message, remedy, track.place(longest.start))
    if inner:
        track, longest = _longest(inner)
        message = (
            f"column {track.name} stays at {longest.value:.6g} for {count(longest.length, 'row')} from "
            f"{track.stamp(longest.start)}{_more(inner, 'shorter stretch')}"
        )
        remedy = "if the sensor was stuck, empty those cells or --exclude them"
        yield Finding(_severity(track), "flat", message, remedy, track.place(longest.start))


def _longest(found: Sequence[tuple[Track, Stretch]]) -> tuple[Track, Stretch]:
    return max(found, key=lambda pair: pair[1].length)


def _more(found: Sequence[object], noun: str) -> str:
    """That there are others of the kind."""
    number = len(found) - 1
    plural = noun if noun == "series" else f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f" ({number:,} more {noun if number == 1 else plural})" if number else ""


def _jumps(seen: Sequence[Track]) -> Iterator[Finding]:
    """Changes of unit; where there is none, changes of level."""
    season = seen[0].panel.clock.season
    units = [(track, jump) for track in seen for jump in levels.unit_jumps(track.values, season)]
    if units:
        track, jump = units[0]
        power = levels.power_of_ten(jump.before, jump.after) or 0
        factor = f"{10 ** abs(power):,} times as {'large' if power > 0 else 'small'}"
        message = (
            f"column {track.name} is {factor} from {track.stamp(jump.row)} on (about {jump.before:.4g} before, "
            f"{jump.after:.4g} after){_more(units, 'such jump')}"
        )
        remedy = "bring all rows to one unit"
        yield Finding(_severity(track), "unit_jump", message, remedy, track.place(jump.row))
        return
    shifts = [(track, jump) for track in seen for jump in levels.level_jumps(track.values, season)]
    if shifts:
        track, jump = max(shifts, key=lambda pair: abs(pair[1].after - pair[1].before))
        message = (
            f"the level of column {track.name} changes at {track.stamp(jump.row)}, from about {jump.before:.4g} to "
            f"about {jump.after:.4g}{_more(shifts, 'such jump')}"
        )
        remedy = "leave out the rows before it if that level is gone for good"
        yield Finding(NOTE, "level_jump", message, remedy, track.place(jump.row))


def _outliers(seen: Sequence[Track]) -> Iterator[Finding]:
    found = [(track, odd) for track in seen for odd in spikes.outliers(track.values)]
    if not found:
        return
    track, furthest = max(found, key=lambda pair: pair[1].ranges)
    message = (
        f"{count(len(found), 'value')} of column {track.name} far from the rest and from the values beside it, the "
        f"furthest is {furthest.value:.6g} at {track.stamp(furthest.row)}"
    )
    severity = WARNING if furthest.is_certain and track.is_target else NOTE
    remedy = f"--missing {written(furthest.value)} if it is no measurement"
    yield Finding(severity, "outliers", message, remedy, track.place(furthest.row))


def _not_positive(seen: Sequence[Track]) -> Iterator[Finding]:
    """Zeros and negative values, where most are positive."""
    zeros = sum(int((track.values == 0).sum()) for track in seen)
    track, row = min(
        ((track, int(np.nanargmin(track.values))) for track in seen), key=lambda p: p[0].values[p[1]]
    )
    lowest = float(track.values[row])
    below = sum(int((track.values < 0).sum()) for track in seen)
    if lowest > 0:
        return
    parts = [f"{count(zeros, 'zero')}"] if zeros else []
    parts += [f"{count(below, 'value')} below zero"] if below else []
    message = (
        f"column {track.name} has {' and '.join(parts)}; the lowest is {lowest:.6g} at {track.stamp(row)}"
    )
    remedy = "zeros make percentage errors useless; look at MASE"
    yield Finding(NOTE, "non_positive", message, remedy, track.place(row))
