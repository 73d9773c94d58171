"""The benchmark sets: their data, their protocol, and what others have published for them."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import COUNTER, KNOWN, TARGET, Clock, Column, Panel, default_seasons
from tests.benchmarks.accuracy_judges import Judge, at_cutoffs, beside_naive2, by_report, standardised

Numbers = NDArray[np.float64]
REPOSITORY = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("BENCHMARK_DATA") or REPOSITORY.parent / "shared" / "data")
SAMPLES = REPOSITORY / "sample_data"


class AbsentError(Exception):
    """The data of a set is not on this machine."""


@dataclass(frozen=True)
class Proof:
    """A published figure that a forecaster without choices must give: to the printed digits, or within a share."""

    forecaster: str
    measure: str
    printed: str
    within: float | None = None

    def holds(self, found: float) -> bool:
        """Whether the figure found is the one printed; `within` is a share above what its digits may stand for."""
        digits = len(self.printed.split(".")[1])
        if self.within is None:
            return round(found, digits) == float(self.printed)
        return found <= (1 + self.within) * (float(self.printed) + 0.5 * 10.0**-digits)


@dataclass(frozen=True)
class Benchmark:
    """One set: how it is read, split and judged; `must` and `aim` are the highest errors to reach.

    published: forecaster -> its error in the same measure.
    """

    name: str
    protocol: str
    panel: Callable[[], Panel]
    horizon: int
    measure: str = "mase"
    val: str | None = None
    test: str | None = None
    known: tuple[str, ...] = ()
    judge: Judge = by_report
    must: float | None = None
    aim: float | None = None
    published: Mapping[str, float] = field(default_factory=dict)
    proofs: tuple[Proof, ...] = ()
    seconds: tuple[int, int] = (90, 45)

    def options(self) -> Options:
        """Defaults, and the protocol.

        `final` is off because the last step trains on the test rows too: the model judged is the verdict's.
        """
        return Options(known=self.known, horizon=self.horizon, val=self.val, test=self.test, final=False)


def _file(path: Path) -> Path:
    if not path.exists():
        raise AbsentError(f"{path.parent.name}/{path.name} is absent")
    return path


def _panel(
    series: Mapping[str, Numbers], clock: Clock, start: str | None = None, known: Sequence[str] = ()
) -> Panel:
    """Series by name, each (rows,) or (rows, columns) with the target first, from one stamp on."""
    rows = [np.asarray(values, dtype=np.float64).reshape(len(values), -1) for values in series.values()]
    first = np.datetime64(1, "us") if start is None else np.datetime64(start, "us")
    return Panel(
        ids=tuple(series),
        offsets=np.cumsum([0, *map(len, rows)]),
        times=np.concatenate([clock.grid(first, len(values)) for values in rows]),
        values=np.concatenate(rows),
        columns=(Column("y", TARGET), *(Column(name, KNOWN) for name in known)),
        clock=clock,
        id_name="id" if len(series) > 1 else None,
    )


def _clock(freq: str) -> Clock:
    return Clock(freq, None, default_seasons(freq))


def _column(path: Path, column: str, freq: str, start: str) -> Callable[[], Panel]:
    def read() -> Panel:
        values = pd.to_numeric(pd.read_csv(_file(path))[column], errors="coerce")
        return _panel({"": values.to_numpy()}, _clock(freq), start)

    return read


def _ett_frame(name: str) -> pd.DataFrame:
    return pd.read_csv(_file(DATA / "ett" / f"{name}.csv")).drop(columns="date")


def _ett(name: str, freq: str, rows: int) -> Callable[[], Panel]:
    return lambda: _panel({"": _ett_frame(name).OT.to_numpy()[:rows]}, _clock(freq), "2016-07-01")


def _both_ett(names: Sequence[str], freq: str) -> Callable[[], Panel]:
    """All seven columns of both files as one panel of 14 series."""

    def read() -> Panel:
        series = {
            f"{name} {column}": y.to_numpy() for name in names for column, y in _ett_frame(name).items()
        }
        return _panel(series, _clock(freq), "2016-07-01")

    return read


def _m4(name: str, seasons: tuple[int, ...]) -> Callable[[], Panel]:
    """Each series' given training rows, then its given test rows."""

    def read() -> Panel:
        train, test = (
            pd.read_csv(_file(DATA / "m4" / f"{name}-{part}.csv"), index_col=0).T
            for part in ("train", "test")
        )
        series = {str(key): np.concatenate([train[key].dropna(), test[key].dropna()]) for key in train}
        return _panel(series, Clock(COUNTER, None, seasons))

    return read


def _elecdemand() -> Panel:
    frame = pd.read_csv(_file(DATA / "load" / "elecdemand_2014_halfhourly.csv"))
    known = ("WorkDay", "Temperature")
    return _panel({"": frame[["Demand", *known]].to_numpy()}, _clock("30min"), "2014-01-01", known)


BIKE_KNOWN = ("workingday", "weathersit", "temp", "atemp", "hum", "windspeed")


def _bike() -> Panel:
    """Missing hours are rows without a value."""
    frame = pd.read_csv(_file(DATA / "load" / "bike_sharing_hour.csv"))
    stamps = pd.to_datetime(frame.dteday) + pd.to_timedelta(frame.hr, unit="h")
    values = frame.set_index(pd.DatetimeIndex(stamps))[["cnt", *BIKE_KNOWN]].asfreq("h")
    return _panel({"": values.to_numpy()}, _clock("h"), "2011-01-01", BIKE_KNOWN)


def _ercot() -> Panel:
    frame = pd.read_csv(_file(DATA / "load" / "ercot_eight_zones_long.csv"), parse_dates=["timestamp"])
    zones = {name: rows.set_index("timestamp").value.asfreq("h") for name, rows in frame.groupby("unique_id")}
    starts = {str(zone.index[0]) for zone in zones.values()}
    assert len(starts) == 1
    return _panel({str(name): zone.to_numpy() for name, zone in zones.items()}, _clock("h"), starts.pop())


TRAFFIC_KNOWN = ("clouds_all", "rain_1h", "snow_1h", "temp")


def _traffic() -> Panel:
    """Cars on a motorway, and the weather; 104 hours are rows without a value."""
    frame = pd.read_csv(_file(DATA / "load" / "traffic_hourly.csv"))
    values = frame[["traffic_volume", *TRAFFIC_KNOWN]].to_numpy(dtype=np.float64)
    return _panel({"": values}, _clock("h"), str(frame.datetime[0]), TRAFFIC_KNOWN)


PRICES_KNOWN = ("Exogenous1", "Exogenous2")


def _prices() -> Panel:
    """Electricity prices of four markets, each of another year."""
    frame = pd.read_csv(_file(DATA / "load" / "electricity-short-with-ex-vars.csv"), parse_dates=["ds"])
    markets = {str(name): rows for name, rows in frame.groupby("unique_id")}
    panel = _panel(
        {name: rows[["y", *PRICES_KNOWN]].to_numpy() for name, rows in markets.items()},
        _clock("h"),
        known=PRICES_KNOWN,
    )
    times = np.concatenate([rows.ds.to_numpy().astype("datetime64[us]") for rows in markets.values()])
    return dataclasses.replace(panel, times=times)


def _air_passengers() -> Panel:
    """Box and Jenkins' series, from the data that the package `river` brings."""
    package = importlib.util.find_spec("river")
    folder = next(iter(package.submodule_search_locations or ()), None) if package else None
    if folder is None:
        raise AbsentError("the package river, which brings airline-passengers.csv, is not installed")
    path = Path(folder) / "datasets" / "airline-passengers.csv"
    return _column(path, "passengers", "MS", "1949-01-01")()


# NLinear, DLinear, FEDformer, Autoformer, Informer: MSE of OT alone (Zeng et al. 2022); then persistence.
_RIVALS = ("NLinear", "DLinear", "FEDformer", "Autoformer", "Informer")
_ETT_MSE = {
    ("ETTh1", 96): ".053 .056 .079 .071 .193 .069",
    ("ETTh1", 192): ".069 .071 .104 .114 .217 .092",
    ("ETTh1", 336): ".081 .098 .119 .107 .202 .113",
    ("ETTh1", 720): ".080 .189 .142 .126 .183 .129",
    ("ETTh2", 96): ".129 .131 .128 .153 .213 .295",
    ("ETTh2", 192): ".169 .176 .185 .204 .227 .337",
    ("ETTh2", 336): ".194 .209 .231 .246 .242 .390",
    ("ETTh2", 720): ".225 .276 .278 .268 .291 .437",
    ("ETTm1", 96): ".026 .028 .033 .056 .109 .033",
    ("ETTm1", 192): ".039 .045 .058 .081 .151 .049",
    ("ETTm1", 336): ".052 .061 .084 .076 .427 .065",
    ("ETTm1", 720): ".073 .080 .102 .110 .438 .089",
    ("ETTm2", 96): ".063 .063 .067 .065 .088 .228",
    ("ETTm2", 192): ".090 .092 .102 .118 .132 .257",
    ("ETTm2", 336): ".117 .119 .130 .154 .180 .287",
    ("ETTm2", 720): ".170 .175 .178 .182 .300 .332",
}
_PERSISTENCE_MAE = {
    "ETTh1": dict(zip((96, 192, 336, 720), (".203", ".236", ".265", ".283"), strict=True)),
    "ETTh2": dict(zip((96, 192, 336, 720), (".423", ".462", ".502", ".531"), strict=True)),
}


def _ett_cells() -> Iterator[Benchmark]:
    for (name, horizon), printed in _ETT_MSE.items():
        *rivals, persistence = printed.split()
        per_hour, freq = (1, "h") if name[3] == "h" else (4, "15min")
        proofs = [Proof("naive", "mse", persistence), Proof("linear", "mse", rivals[0], within=0.03)]
        if name in _PERSISTENCE_MAE:
            proofs.append(Proof("naive", "mae", _PERSISTENCE_MAE[name][horizon]))
        yield Benchmark(
            name=f"{name.lower()}_{horizon}",
            protocol=f"OT alone, h = {horizon}; first 12, next 4, next 4 months of 30 days; every test window",
            panel=_ett(name, freq, 14_400 * per_hour),
            horizon=horizon,
            measure="mse",
            val=str(2_880 * per_hour),
            test=str(2_880 * per_hour),
            judge=standardised(8_640 * per_hour),
            must=round(1.03 * float(rivals[0]), 4),
            aim=float(rivals[0]),
            published=dict(zip(_RIVALS, map(float, rivals), strict=True)),
            proofs=tuple(proofs),
        )


_OTHERS = (
    Benchmark(
        name="m4_hourly",
        protocol="414 series, the given test rows; OWA beside Naive2, MASE at lag 24 of the training rows",
        panel=_m4("Hourly", (24,)),
        horizon=48,
        measure="owa",
        test="48",
        judge=beside_naive2(18.383, 2.395),
        must=0.555,
        aim=0.48,
        published={"Doornik Card": 0.410, "ES-RNN": 0.440, "FFORMA": 0.484, "seasonal naive": 0.627},
        proofs=(
            Proof("seasonal_naive_24", "smape", "13.912"),
            Proof("seasonal_naive_24", "mase", "1.193"),
            Proof("seasonal_naive_24", "owa", ".6275"),
        ),
        seconds=(180, 180),
    ),
    Benchmark(
        name="m4_weekly",
        protocol="359 series, the given test rows; OWA beside Naive2, MASE at lag 1 of the training rows",
        panel=_m4("Weekly", ()),
        horizon=13,
        measure="owa",
        test="13",
        judge=beside_naive2(9.161, 2.777),
        aim=0.80,
        published={"FFORMA": 0.796, "seasonal naive": 1.0},
        proofs=(Proof("naive", "smape", "9.161"), Proof("naive", "mase", "2.777")),
    ),
    Benchmark(
        name="fev_ett_1h",
        protocol="ETTh1 and ETTh2, 7 columns each, one panel; one fit, 20 cutoffs every 168 rows",
        panel=_both_ett(("ETTh1", "ETTh2"), "h"),
        horizon=168,
        test="3360",
        judge=at_cutoffs(20, 168),
        must=1.14,
        aim=1.10,
        published={"DeepAR": 1.2306, "PatchTST": 1.1991, "Chronos-Bolt": 1.1267, "AutoARIMA": 1.2616},
        proofs=(Proof("naive", "mase", "1.7184"), Proof("seasonal_naive_24", "mase", "1.3227")),
        seconds=(180, 180),
    ),
    Benchmark(
        name="fev_ett_15t",
        protocol="ETTm1 and ETTm2, 7 columns each, one panel; one fit, 20 cutoffs every 96 rows",
        panel=_both_ett(("ETTm1", "ETTm2"), "15min"),
        horizon=96,
        test="1920",
        judge=at_cutoffs(20, 96),
        must=0.87,
        aim=0.72,
        published={"DeepAR": 0.8701, "PatchTST": 0.7336, "Chronos-Bolt": 0.7033},
        proofs=(Proof("seasonal_naive_96", "mase", ".9169"),),
        seconds=(180, 180),
    ),
    Benchmark(
        name="elecdemand",
        protocol="half-hourly 2014, WorkDay and Temperature known; 70/10/20, every test window",
        panel=_elecdemand,
        horizon=48,
        val="0.1",
        test="0.2",
        known=("WorkDay", "Temperature"),
        must=0.365,
        aim=0.32,
    ),
    Benchmark(
        name="bike",
        protocol="hourly counts, weather and workingday known; 70/10/20, every test window",
        panel=_bike,
        horizon=24,
        val="0.1",
        test="0.2",
        known=BIKE_KNOWN,
        must=0.78,
        aim=0.72,
    ),
    Benchmark(
        name="taylor",
        protocol="half-hourly load of England and Wales; 60/20/20, every test window",
        panel=_column(DATA / "load" / "taylor_halfhourly.csv", "demand", "30min", "2000-06-05"),
        horizon=48,
        val="0.2",
        test="0.2",
        must=0.175,
        aim=0.16,
    ),
    Benchmark(
        name="ercot",
        protocol="eight zones, 1,000 hours each, one panel; the default split, every test window",
        panel=_ercot,
        horizon=24,
    ),
    Benchmark(
        name="victoria",
        protocol="hourly load; 70/15/15, every test window",
        panel=_column(SAMPLES / "victoria_load.csv", "load", "h", "2012-01-01"),
        horizon=24,
        val="0.15",
        test="0.15",
        must=0.41,
        aim=0.35,
    ),
    Benchmark(
        name="co2",
        protocol="weekly, Mauna Loa, 59 gaps; 70/10/20, every test window",
        panel=_column(SAMPLES / "co2.csv", "co2", "W-SAT", "1958-03-29"),
        horizon=26,
        val="0.1",
        test="0.2",
        must=0.39,
        aim=0.36,
    ),
    Benchmark(
        name="seattle",
        protocol="daily temp_max alone; 60/20/20, every test window",
        panel=_column(SAMPLES / "seattle_weather.csv", "temp_max", "D", "2012-01-01"),
        horizon=30,
        val="0.2",
        test="0.2",
        must=0.86,
        aim=0.80,
    ),
    Benchmark(
        name="air_passengers",
        protocol="monthly 1949 to 1960; the last 20 % test, the default validation block, every test window",
        panel=_air_passengers,
        horizon=12,
        test="0.2",
        must=0.70,
        aim=0.62,
    ),
)

BENCHMARKS = {benchmark.name: benchmark for benchmark in (*_OTHERS, *_ett_cells())}

_BESIDE_PEERS = (
    Benchmark(
        name="prices",
        protocol="electricity prices of four markets, two forecasts known; the last 15 % test",
        panel=_prices,
        horizon=24,
        test="0.15",
        known=PRICES_KNOWN,
    ),
    Benchmark(
        name="traffic",
        protocol="hourly cars, weather known; the last 20 % test",
        panel=_traffic,
        horizon=24,
        test="0.2",
        known=TRAFFIC_KNOWN,
    ),
)
# Those that `accuracy` runs, and those that only `peers` does.
ALL_SETS = BENCHMARKS | {benchmark.name: benchmark for benchmark in _BESIDE_PEERS}
