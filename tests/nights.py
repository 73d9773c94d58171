"""More than a year of nights at one meter: what its export holds, and what a nightly forecast must make of it.

Hourly load on the wall clock of Helsinki, exported at half past midnight: over both changes of the clock, a leap day
and a year's end, with data late, a sensor stuck, gone, replaced and in another unit, nights missed and a disk full.
"""

from __future__ import annotations

import csv
import json
import math
import resource
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from tests.command_line import Said

ZONE = ZoneInfo("Europe/Helsinki")
FIRST = date(2023, 6, 1)
TAUGHT_DAYS, EXPORTED_DAYS, COUNT = 150, 45, 400
LOOKBACK, HORIZON = 168, 24
TRAINING = (
    *("--target", "load", "--tz", "Europe/Helsinki", "--horizon", HORIZON, "--lookback", LOOKBACK),
    *("--hidden", 8, "--steps", 60, "--safeguard", "network", "--threads", 1),
)
MAX_AGE = "26h"

# The night after which each thing has happened, counted from FIRST.
STUCK, GONE, UNIT, LEVEL = 40, 90, 250, 350
SHORT_OF_HOURS, A_DAY_LATE, TWO_DAYS_LATE, FULL_DISK = 20, 60, 61, 130
HALF, ZERO = 30, 110  # the last hour is half complete; the sensor has read 0 for three hours
MISSED = (70, 180, 181, 182, 215)

Run = Callable[..., Said]


@dataclass(frozen=True)
class Expected:
    """How a night must end.

    code: its exit code; source: what made the rows of its file, None where there is none; first: their first stamp;
    finding: of the rows that it was refused for.
    """

    kind: str
    code: int = 0
    source: str | None = "model"
    first: str | None = None
    finding: str | None = None


def day_of(night: int) -> date:
    """The day that begins with a night's forecast."""
    return FIRST + timedelta(days=night)


def now_of(night: int) -> str:
    """Half past midnight on the wall, when the job runs."""
    return f"{day_of(night)}T00:30"


class Meter:
    """What the meter measured, hour by hour, and what its export of a night says of it."""

    def __init__(self) -> None:
        start = datetime.combine(FIRST - timedelta(days=TAUGHT_DAYS), datetime.min.time(), ZONE).astimezone(
            UTC
        )
        self.hours = [start + timedelta(hours=h) for h in range(24 * (TAUGHT_DAYS + COUNT + 3))]
        self.walls = [hour.astimezone(ZONE).replace(tzinfo=None) for hour in self.hours]
        self.values = self._measured()

    def _measured(self) -> np.ndarray:
        rng, noise = np.random.default_rng(5), 0.0
        values = []
        for wall in self.walls:
            noise = 0.8 * noise + rng.normal()
            day = 20 * math.sin(2 * math.pi * (wall.hour - 8) / 24) + 6 * math.sin(
                4 * math.pi * wall.hour / 24
            )
            year = 8 * math.cos(2 * math.pi * wall.timetuple().tm_yday / 365)
            values.append(120 + day + year - 12 * (wall.weekday() >= 5) + 1.5 * noise)
        measured = np.array(values)
        measured[self.since(LEVEL) :] *= 1.25  # a new sensor, which reads a quarter more
        return measured.round(3)

    def since(self, night: int, hours: int = 0) -> int:
        """The row of the midnight with which a night's day begins, or so many rows before it."""
        midnight = datetime.combine(day_of(night), datetime.min.time(), ZONE).astimezone(UTC)
        return int((midnight - self.hours[0]) / timedelta(hours=1)) - hours

    def training(self, path: Path) -> Path:
        """The file that the model learns from: all days before the first night."""
        return self._write(path, 0, self.since(0), self.values)

    def actuals(self, path: Path, until: int) -> Path:
        """What came, up to a night, as it is known later."""
        return self._write(path, 0, self.since(until), self._known(COUNT + 1))

    def export(self, path: Path, night: int) -> Path:
        """The last weeks as they are known in a night."""
        late = {A_DAY_LATE: 1, TWO_DAYS_LATE: 2}.get(night, 0)
        stop = self.since(night - late, 3 if night == SHORT_OF_HOURS else 0)
        return self._write(path, self.since(night) - 24 * EXPORTED_DAYS, stop, self._known(night))

    def _known(self, night: int) -> np.ndarray:
        """(N,) the values as the meter's operator has them in a night."""
        values = self.values.copy()
        noon = slice(self.since(STUCK, 12), self.since(STUCK))
        values[noon] = values[noon.start] if night == STUCK else np.nan  # found in the morning, and taken out
        values[self.since(GONE, 24) : self.since(GONE + 2)] = np.nan
        if night == HALF:
            values[self.since(HALF, 1)] *= 0.5
        if night == ZERO:
            values[self.since(ZERO, 3) : self.since(ZERO)] = 0.0
        if night in (UNIT, UNIT + 1):  # put right in the second morning
            values[self.since(UNIT, 12) :] *= 1000
        return values

    def _write(self, path: Path, start: int, stop: int, values: np.ndarray) -> Path:
        cells = ("" if math.isnan(value) else f"{value:.3f}" for value in values[start:stop])
        rows = (f"{wall},{cell}" for wall, cell in zip(self.walls[start:stop], cells, strict=True))
        path.write_text("\n".join(["time,load", *rows]) + "\n", encoding="utf-8")
        return path


def expected(night: int) -> Expected:
    """How a night must end, when run with --strict and --max-age."""
    midnight = f"{day_of(night)} 00:00:00"
    gone = night - GONE
    special = {
        SHORT_OF_HOURS: Expected("the last hours late", first=f"{day_of(night - 1)} 21:00:00"),
        A_DAY_LATE: Expected("a day late", first=f"{day_of(night - 1)} 00:00:00"),
        TWO_DAYS_LATE: Expected("two days late", 10, None),
        STUCK: Expected("sensor stuck", 3, None, finding="flat"),
        HALF: Expected("the last hour half complete", 6, first=midnight),
        ZERO: Expected("a sensor that reads 0", 6, first=midnight),
        UNIT: Expected("another unit", 3, None, finding="unit_jump"),
        UNIT + 1: Expected("another unit", 3, None, finding="unit_jump"),
        GONE: Expected("sensor gone", first=f"{day_of(night - 1)} 00:00:00"),
        GONE + 1: Expected("sensor gone", 10, None),
        GONE + 2: Expected("sensor gone", 10, None),
        # 72 of 168 rows are missing, then 48, then 24: more than training ever missed, though few enough.
        **{GONE + n: Expected("sensor back", 6, "linear", midnight) for n in range(3, 8)},
        GONE + 8: Expected("sensor back", 3, None, finding="missing_share"),
    }
    if night in special:
        return special[night]
    if night in MISSED:
        return Expected("missed", first=midnight)
    kind = "disk full" if night == FULL_DISK else "new sensor" if night >= LEVEL else "plain"
    assert gone not in range(9)
    return Expected(kind, first=midnight)


class Job:
    """The nightly job in a folder of its own: exports come in, forecasts and a ledger go out."""

    def __init__(self, folder: Path, meter: Meter, model: Path, run: Run) -> None:
        self.folder, self.meter, self.model, self.run = folder, meter, model, run
        self.forecasts = folder / "forecasts"
        self.forecasts.mkdir(parents=True)
        self.ledger = folder / "ledger.csv"

    def forecast(self, night: int) -> Path:
        """Where the forecast of a night goes."""
        return self.forecasts / f"{day_of(night)}.csv"

    def predict(self, night: int, *, seen: int | None = None, is_full: bool = False) -> Said:
        """Run the night's command line.

        seen: the night whose export it reads, if it is a later one; is_full: while nothing can be written.
        """
        export = self.meter.export(self.folder / "export.csv", night if seen is None else seen)
        then = (
            () if seen is None else ("--as-of", f"{day_of(night - 1)}T23:00")
        )  # the last row that was there
        flags = ("--max-age", MAX_AGE, "--now", now_of(night), *then, "--strict", "--log", self.ledger)
        with full_disk() if is_full else nullcontext():
            return self.run("predict", self.model, export, "-o", self.forecast(night), *flags)

    def insist(self, night: int) -> Said:
        """Forecast all the same in a night that was refused, beside the forecasts that can be trusted."""
        export = self.meter.export(self.folder / "export.csv", night)
        return self.run("predict", self.model, export, "-o", self.folder / "doubtful.csv")

    def files(self) -> dict[Path, bytes]:
        """What stands in the folder, but for what was exported to it."""
        return {
            path: path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and path.name not in ("export.csv", "doubtful.csv")
        }

    def check(self, night: int, said: Said, wanted: Expected) -> None:
        """Exit code, file and stderr of a night are as they must be."""
        where = (night, wanted, said)
        assert said.code == wanted.code, where
        assert said.out == "", where
        assert bool(said.err) == (wanted.code != 0), where
        assert "Traceback" not in said.err, where
        assert self.forecast(night).exists() == (wanted.source is not None), where
        if wanted.source is not None:
            self._check_rows(night, wanted)
        if wanted.finding is not None:
            assert f"E_DATA: {wanted.finding}: " in said.err, where
            insisted = self.insist(night)
            assert insisted.code == 0, insisted
            assert f"warning: {wanted.finding}: " in insisted.err, insisted

    def _check_rows(self, night: int, wanted: Expected) -> None:
        rows = list(csv.DictReader(self.forecast(night).read_text(encoding="utf-8").splitlines()))
        assert {row["source"] for row in rows} == {wanted.source}, night
        first = self.meter.walls.index(datetime.fromisoformat(wanted.first or ""))
        stamps = [str(wall) for wall in self.meter.walls[first : first + HORIZON]]
        assert [row["time"] for row in rows] == stamps, night
        for row in rows:
            low, middle, high = (float(row[name]) for name in ("lo_80", "forecast", "hi_80"))
            assert 0 < low <= middle <= high < 1000, (night, row)


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can grow, neither of this process nor of one that it starts: as on a disk without a free byte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def train(folder: Path, meter: Meter, run: Run) -> Path:
    """The model of all nights."""
    model = folder / "model.pkl"
    said = run("train", meter.training(folder / "training.csv"), *TRAINING, "-o", model, "-q")
    assert (said.code, said.err) == (0, ""), said
    return model


def simulate(folder: Path, meter: Meter, model: Path, nights: Iterable[int], run: Run) -> Job:
    """Run these nights one after the other, each checked; returns the job with its forecasts and its ledger.

    A night that was missed is caught up with in the next one that was not, and must then be what it would have been on
    time, byte for byte.
    """
    job = Job(folder / "job", meter, model, run)
    on_time = Job(folder / "on_time", meter, model, run)
    missed: list[int] = []
    for night in nights:
        if night in MISSED:
            missed.append(night)
            continue
        if night == FULL_DISK:
            before = job.files()
            said = job.predict(night, is_full=True)
            assert (said.code, job.files()) == (8, before), said
        job.check(night, job.predict(night), expected(night))
        for late in missed:
            assert not job.forecast(late).exists()
            job.check(late, job.predict(late, seen=night), expected(late))
            assert on_time.predict(late).code == 0
            assert job.forecast(late).read_bytes() == on_time.forecast(late).read_bytes(), late
        missed.clear()
    return job


def alarms(job: Job, until: int) -> list[dict[str, Any]]:
    """What `score` finds of drift in a job's ledger, with what is known of the meter in the morning of a night."""
    actuals = job.meter.actuals(job.folder / "actuals.csv", until)
    said = job.run(
        "score", job.ledger, actuals, "--target", "load", "--tz", "Europe/Helsinki", "--json", "-q"
    )
    assert (said.code, said.err) == (0, ""), said
    found: list[dict[str, Any]] = json.loads(said.out)["score"]["drift"]["alarms"]
    return found


def check_ledger(job: Job) -> None:
    """It holds every forecast that was given out, row by row and as it was, and nothing else."""
    given = [row for path in job.forecasts.iterdir() for row in csv.DictReader(path.open(encoding="utf-8"))]
    written = list(csv.DictReader(job.ledger.open(encoding="utf-8")))
    assert Counter(map(_said, written)) == Counter(map(_said, given))
    assert {row["source"] for row in written} == {"model", "model:odd_last", "linear:gaps"}


def _said(row: dict[str, str]) -> tuple[str, ...]:
    """What was said of which hour on the wall; the ledger's stamps go on with their distance to UTC."""
    return (row["time"][:19].replace("T", " "), row["forecast"], row["lo_80"], row["hi_80"])
