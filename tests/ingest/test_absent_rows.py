"""Absent rows: missing, zero or as before, as the user says, as sums have it, or as the file makes one ask."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.findings import WARNING
from lstmcast.ingest import ParsedFile, ReadingRules, Roles, read, survey

NAN = math.nan
DAYS = np.datetime_as_string(np.datetime64("2024-01-01") + np.arange(400))


def csv(folder: Path, rows: list[str], header: str = "time,y") -> Path:
    path = folder / "data.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def advice(parsed: ParsedFile) -> list[str]:
    return [finding.remedy for finding in parsed.findings if finding.code == "absent_rows"]


def equal(values: np.ndarray, expected: list[float]) -> bool:
    return np.array_equal(values, expected, equal_nan=True)


@pytest.mark.parametrize(
    ("absent", "expected"),
    [
        (None, [1, NAN, 3, NAN, NAN, 6]),
        ("missing", [1, NAN, 3, NAN, NAN, 6]),
        ("zero", [1, 0, 3, NAN, 0, 6]),
        ("last", [1, 1, 3, NAN, NAN, 6]),
    ],
)
def test_an_absent_row_is_what_the_user_says_and_an_empty_cell_stays_missing(
    absent: str | None, expected: list[float], tmp_path: Path
) -> None:
    rows = [f"{DAYS[i]},{cell},7" for i, cell in ((0, "1"), (2, "3"), (3, ""), (5, "6"))]
    parsed = read(
        csv(tmp_path, rows, "time,y,x"), Roles("y", past=("x",)), freq="D", rules=ReadingRules(absent=absent)
    )
    assert equal(parsed.panel.target, expected)
    beside = 7.0 if absent == "last" else NAN
    assert equal(parsed.panel.values[:, 1], [7, beside, 7, 7, beside, 7])
    assert ("absent" in [finding.code for finding in parsed.findings]) == (absent in ("zero", "last"))


def test_series_of_a_panel_are_filled_up_to_the_end_of_the_file_and_known_rows_to_come_are_not(
    tmp_path: Path,
) -> None:
    rows = [f"{DAYS[i]},a,{i + 1}" for i in (0, 2)] + [f"{DAYS[i]},b,{i + 1}" for i in (1, 2, 5)]
    rows += [f"{DAYS[9]},a,", f"{DAYS[9]},b,"]
    parsed = read(
        csv(tmp_path, rows, "time,id,y"), Roles("y", id="id"), freq="D", rules=ReadingRules(absent="zero")
    )
    a, b = (parsed.panel.target[parsed.panel.rows(series)] for series in (0, 1))
    assert equal(a, [1, 0, 3, 0, 0, 0, NAN, NAN, NAN, NAN])
    assert equal(b, [2, 3, 0, 0, 6, NAN, NAN, NAN, NAN])


@pytest.mark.parametrize(("freq", "starts"), [("D", DAYS[::1]), ("MS", None)])
def test_shorter_series_end_with_the_file_on_any_clock(
    freq: str, starts: np.ndarray | None, tmp_path: Path
) -> None:
    stamps = starts if starts is not None else [f"2024-{month:02d}-01" for month in range(1, 13)]
    rows = [f"{stamps[i]},a,1" for i in range(4)] + [f"{stamps[i]},b,1" for i in range(12)]
    parsed = read(
        csv(tmp_path, rows, "time,id,y"), Roles("y", id="id"), freq=freq, rules=ReadingRules(absent="last")
    )
    assert parsed.panel.lengths.tolist() == [12, 12]
    assert (parsed.panel.target == 1).all()


@pytest.mark.parametrize(
    ("how", "absent", "empty"),
    [("sum", None, 0), ("mean", None, NAN), ("sum", "missing", NAN), ("last", "last", 5)],
)
def test_the_sum_of_an_empty_period_is_zero_and_its_mean_is_missing(
    how: str, absent: str | None, empty: float, tmp_path: Path
) -> None:
    rows = ["2024-01-01 00:10,1", "2024-01-01 00:20,5", "2024-01-01 02:30,2"]
    rules = ReadingRules(aggregate=how, absent=absent)
    assert equal(read(csv(tmp_path, rows), Roles("y"), freq="h", rules=rules).panel.target[1:2], [empty])


def sales() -> list[str]:
    rng = np.random.default_rng(0)
    return [f"{day},{sold}" for day, sold in zip(DAYS, rng.poisson(1.2, len(DAYS)), strict=True) if sold]


def test_sales_without_a_zero_make_one_ask_and_the_option_answers(tmp_path: Path) -> None:
    path = csv(tmp_path, sales())
    for reader in (read, survey):
        assert advice(reader(path, Roles("y"))) == ["--absent zero"]
    parsed = read(path, Roles("y"), rules=ReadingRules(absent="zero"))
    assert advice(parsed) == []
    assert parsed.panel.target.min() == 0
    assert not np.isnan(parsed.panel.target).any()
    assert advice(read(path, Roles("y"), rules=ReadingRules(absent="missing"))) == []


def test_states_told_only_when_they_change_make_one_ask(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    values = 20 + np.cumsum(rng.integers(-1, 2, 400))
    changed = [i for i in range(400) if i == 0 or values[i] != values[i - 1]]
    path = csv(tmp_path, [f"{DAYS[i]},{values[i]}" for i in changed])
    assert advice(read(path, Roles("y"))) == ["--absent last"]
    parsed = read(path, Roles("y"), rules=ReadingRules(absent="last"))
    assert parsed.panel.target.tolist() == values[: changed[-1] + 1].tolist()


@pytest.mark.parametrize("kind", ["outages", "a zero among them", "temperatures"])
def test_gaps_that_look_like_neither_are_left_alone(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    numbers = {
        "outages": rng.integers(400, 500, 400),
        "a zero among them": rng.poisson(1.2, 400),
        "temperatures": np.round(20 + 5 * rng.normal(size=400), 1),
    }[kind]
    rows = [f"{DAYS[i]},{numbers[i]}" for i in range(400) if not (100 < i < 150 or i % 17 == 0)]
    assert advice(read(csv(tmp_path, rows), Roles("y"))) == []


def irregular(values: np.ndarray, seed: int = 3) -> list[str]:
    seconds = np.cumsum(np.random.default_rng(seed).exponential(2400, len(values))).astype(int)
    stamps = np.datetime64("2024-01-01T00:00:07") + seconds
    return [f"{stamp},{value}" for stamp, value in zip(stamps, values, strict=True)]


def test_irregular_amounts_are_to_be_added_up_and_states_to_be_averaged_or_held(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    path = csv(tmp_path, irregular(np.round(rng.gamma(2, 10, 300), 2)))
    with pytest.raises(
        DataError, match=r"for amounts --freq 6h --aggregate sum or for events --freq 6h --aggregate count"
    ):
        read(path, Roles("y"))
    path = csv(tmp_path, irregular(np.round(20 + np.cumsum(rng.normal(0, 0.3, 300)), 1)))
    with pytest.raises(
        DataError,
        match=r"for measurements --freq \w+ --aggregate mean or "
        r"where a value holds until the next row --freq (30min|1h)",
    ):
        read(path, Roles("y"))
    parsed = read(path, Roles("y"), freq="1h", rules=ReadingRules(aggregate="last"))
    assert advice(parsed) == ["--absent last"]


def test_the_step_of_rare_events_is_the_one_that_all_keep(tmp_path: Path) -> None:
    rows = [f"{DAYS[i]},1" for i in (0, 3, 5, 10, 14, 21, 24)]
    parsed = read(csv(tmp_path, rows), Roles("y"), rules=ReadingRules(absent="zero"))
    assert parsed.panel.clock.freq == "D"
    assert parsed.panel.target.sum() == 7


def test_classes_are_never_zero(tmp_path: Path) -> None:
    rows = [f"{DAYS[i]},{'ab'[i % 2]}" for i in (0, 1, 3)]
    with pytest.raises(UsageError, match="--absent zero is for numbers"):
        read(csv(tmp_path, rows), Roles("y"), freq="D", rules=ReadingRules(absent="zero"))
    held = read(csv(tmp_path, rows), Roles("y"), freq="D", rules=ReadingRules(absent="last"))
    assert held.panel.target.tolist() == [0, 1, 1, 1]
    with pytest.raises(UsageError, match="--absent is one of missing, zero, last; got 'never'"):
        read(csv(tmp_path, rows), Roles("y"), rules=ReadingRules(absent="never"))


# --- counters


@pytest.mark.parametrize(
    ("counter", "used", "restarts"),
    [
        ([10, 12, 15, 15], [NAN, 2, 3, 0], 0),
        ([10, 12, 3, 5], [NAN, 2, 3, 2], 1),
        ([9990, 9998, 4, 10], [NAN, 8, 6, 6], 1),
        ([65530, 65535, 2], [NAN, 5, 3], 1),
        ([10, 12, 11.5, 13], [NAN, 2, 0, 1.5], 0),
    ],
)
def test_a_counter_is_what_was_used_in_each_step(
    counter: list[float], used: list[float], restarts: int, tmp_path: Path
) -> None:
    rows = [f"{DAYS[i]},{cell}" for i, cell in enumerate(counter)]
    parsed = read(csv(tmp_path, rows), Roles("y"), rules=ReadingRules(difference=True))
    assert equal(parsed.panel.target, used)
    (said,) = [finding.message for finding in parsed.findings if finding.code == "difference"]
    assert (f"begins anew {restarts} time" in said) == bool(restarts)


def test_what_was_used_in_a_gap_belongs_to_no_step_unless_absent_rows_hold(tmp_path: Path) -> None:
    rows = [f"{DAYS[i]},{10 * i}" for i in (0, 1, 4, 5)] + [f"{DAYS[6]},", f"{DAYS[7]},70"]
    path = csv(tmp_path, rows)
    difference = read(path, Roles("y"), freq="D", rules=ReadingRules(difference=True)).panel.target
    assert equal(difference, [NAN, 10, NAN, NAN, NAN, 10, NAN, NAN])
    for absent in ("zero", "last"):
        rules = ReadingRules(difference=True, absent=absent)
        assert equal(
            read(path, Roles("y"), freq="D", rules=rules).panel.target, [NAN, 10, 0, 0, 30, 10, NAN, NAN]
        )


def test_with_an_aggregate_the_difference_is_taken_before(tmp_path: Path) -> None:
    rows = [
        "2024-01-01 00:10,5",
        "2024-01-01 00:50,7",
        "2024-01-01 01:20,",
        "2024-01-01 01:30,8",
        "2024-01-01 03:00,2",
    ]
    rules = ReadingRules(difference=True, aggregate="sum")
    parsed = read(csv(tmp_path, rows), Roles("y"), freq="h", rules=rules)
    assert parsed.panel.target.tolist() == [2, 1, 0, 2]


def test_each_series_has_a_counter_of_its_own(tmp_path: Path) -> None:
    rows = [f"{DAYS[i]},{name},{start + i}" for name, start in (("a", 100), ("b", 5)) for i in range(3)]
    parsed = read(csv(tmp_path, rows, "time,id,y"), Roles("y", id="id"), rules=ReadingRules(difference=True))
    assert equal(parsed.panel.target, [NAN, 1, 1, NAN, 1, 1])


def test_without_a_target_there_is_no_counter(tmp_path: Path) -> None:
    path = csv(tmp_path, [f"{DAYS[i]},{i}.5" for i in range(40)])
    with pytest.raises(UsageError, match="--difference is of the target"):
        survey(path, Roles(""), rules=ReadingRules(difference=True))
    assert WARNING == "warning"
