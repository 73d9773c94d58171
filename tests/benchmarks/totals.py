"""How totals, peaks and paths of whole horizons hold, beside single rows, on rows that the model has not seen.

    python -m tests.benchmarks.totals [SET …]    # all sets of night_sets.py, or some

Every set is trained without a last round; each disjoint horizon of its test rows is forecast once. Printed are the
coverage of rows, totals and peaks (nominal 80 %), the width of totals over that of summed edges, and the energy score
of the paths (Gneiting and Raftery 2007) over that of errors drawn independently step by step, and of a Gaussian copula
with the correlation of the same errors; all three have the same distribution at each step.

Musts: totals within 7 points of rows (and 75 to 90 % wherever rows are), peaks 70 to 90 %, totals at least 15 %
narrower than summed edges, energy never above 1.00; of few horizons within two standard errors.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from lstmcast.core.panel import Integers, Panel
from lstmcast.forecasters.paths import LEVEL, band_of, laid
from lstmcast.model.model import Model
from lstmcast.model.output import of_numbers
from tests.benchmarks.night_sets import chosen

Numbers = NDArray[np.float64]
RESULTS = Path(__file__).parent / "results" / "totals.json"
PATHS = 200  # of each kind whose energy is measured
NEAR, NARROWER = 7.0, 85.0


@dataclass(frozen=True)
class Held:
    """Figures of a set, in percent: rows, totals and peaks covered, the width of totals over that of summed edges; and
    the energy score of paths over that of independent errors and of a Gaussian copula."""

    set: str
    horizons: int
    rows: float
    totals: float
    peaks: float
    width: float
    independent: float
    copula: float

    @property
    def is_met(self) -> bool:
        """True where all musts are met; of totals and rows as a few horizons tell them."""
        slack = 100 * 2 * (0.16 / self.horizons) ** 0.5  # two standard errors of a share of 80 %
        near = abs(self.totals - self.rows) <= max(NEAR, slack) or self.totals > self.rows
        usual = not 75 <= self.rows <= 90 or 75 - slack <= self.totals <= 90 + slack
        peaks = 70 - slack <= self.peaks <= 90 + slack
        return (
            near and usual and peaks and self.width <= NARROWER and max(self.independent, self.copula) <= 1.0
        )

    def line(self) -> str:
        """A row of the table."""
        return (
            f"| {self.set} | {self.horizons} | {self.rows:.1f} | {self.totals:.1f} | {self.peaks:.1f} | "
            f"{self.width:.0f} | {self.independent:.3f} | {self.copula:.3f} |"
        )


@dataclass(frozen=True, eq=False)
class Night:
    """A horizon of one series: its paths (P, K), edges of its rows (K,) and what came (K,), in the units of the CSV."""

    paths: Numbers
    low: Numbers
    high: Numbers
    came: Numbers


def nights_of(model: Model, panel: Panel, series: int) -> list[Night]:
    """The disjoint horizons of a series' test rows, all of which came."""
    templates, output, horizon = model.templates, of_numbers(model.output), model.contract.horizon
    assert templates is not None
    views = model.windows(panel, model.contract.check(panel))
    origins = _origins(model, panel, series, views[0].usable)
    said = output.answer(model.ensemble, views, origins, (LEVEL,))
    lower, upper = said.bands[LEVEL]
    actual = views[0].ahead(panel.target, origins)
    place = templates.place(series, len(model.contract.ids))
    units, which = templates.mirrored(place, horizon), np.full(horizon, series)
    found = []
    for night in np.flatnonzero(np.isfinite(actual).all(axis=0)):
        point, low, high = (each[:, night] for each in (said.point, lower, upper))
        paths = laid(point, point - low, high - point, units)
        paths, low, high = (output.limited(output.scaling.undo(each, which)) for each in (paths, low, high))
        found.append(Night(paths, low, high, actual[:, night]))
    return found


def _origins(model: Model, panel: Panel, series: int, usable) -> Integers:  # type: ignore[no-untyped-def]
    start, stop, horizon = int(panel.offsets[series]), int(panel.offsets[series + 1]), model.contract.horizon
    first = start + int(np.searchsorted(panel.times[start:stop], model.seen_until[series], side="right"))
    rows = np.arange(max(first, start + model.contract.lookback), stop - horizon + 1, horizon)
    return np.asarray(usable(rows))


def energy(paths: Numbers, came: Numbers) -> float:
    """The energy score of paths (P, K)."""
    away = np.linalg.norm(paths - came, axis=1).mean()
    squares = (paths**2).sum(axis=1)
    apart = squares[:, None] + squares[None] - 2 * paths @ paths.T
    return float(away - np.sqrt(np.maximum(apart, 0.0)).mean() / 2)


def independent(paths: Numbers, rng: np.random.Generator) -> Numbers:
    """Paths with the same values at each step, one step drawn without regard to the others."""
    return np.stack([rng.permutation(column) for column in paths.T], axis=1)


def copula(paths: Numbers, rng: np.random.Generator) -> Numbers:
    """Paths with the same values at each step, joined by a normal distribution with the correlation of their ranks."""
    ranks = np.stack([rankdata(column) for column in paths.T], axis=1) / (len(paths) + 1)
    correlation = np.corrcoef(ndtri(ranks), rowvar=False)
    drawn = rng.multivariate_normal(
        np.zeros(paths.shape[1]), correlation, size=len(paths), check_valid="ignore"
    )
    places = np.minimum((ndtr(drawn) * len(paths)).astype(np.int64), len(paths) - 1)
    return np.take_along_axis(np.sort(paths, axis=0), places, axis=0)


def judged(name: str, model: Model, panel: Panel) -> Held:
    """The figures of a set."""
    templates = model.templates
    assert templates is not None
    rng = np.random.default_rng(0)
    nights = [night for series in range(len(panel.ids)) for night in nights_of(model, panel, series)]
    inside: dict[str, list[float]] = {"rows": [], "totals": [], "peaks": []}
    widths, scores = [], np.zeros(3)
    for night in nights:
        inside["rows"].append(float(((night.came >= night.low) & (night.came <= night.high)).mean()))
        for kind, values, came, wider in (
            ("totals", night.paths.sum(axis=1), night.came.sum(), templates.total),
            ("peaks", night.paths.max(axis=1), night.came.max(), templates.peak),
        ):
            _, low, high = band_of(values, LEVEL, wider)
            inside[kind].append(float(low <= came <= high))
            if kind == "totals":
                widths.append(float((high - low) / (night.high - night.low).sum()))
        some = night.paths[rng.permutation(len(night.paths))[:PATHS]]
        kinds = (some, independent(some, rng), copula(some, rng))
        size = max(float((night.high - night.low).mean()), 1e-12)  # so that every series counts alike
        scores += [energy(each, night.came) / size for each in kinds]
    shares = {kind: 100 * float(np.mean(found)) for kind, found in inside.items()}
    width = 100 * float(np.mean(widths))
    return Held(
        name,
        len(nights),
        **shares,
        width=width,
        independent=scores[0] / scores[1],
        copula=scores[0] / scores[2],
    )


def main(names: list[str]) -> int:
    """Print a row for each set, store them all, and return 1 where a must is missed."""
    print("| set | horizons | rows % | totals % | peaks % | width % | over independent | over copula |")
    print("|---" * 8 + "|")
    found = []
    for name, _, panel, model in chosen(names):
        found.append(judged(name, model, panel))
        print(found[-1].line(), "" if found[-1].is_met else "<-", flush=True)
    if not names:
        RESULTS.write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n", encoding="utf-8")
    return 0 if all(each.is_met for each in found) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
