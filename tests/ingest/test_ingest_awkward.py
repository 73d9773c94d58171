"""Real files as they were found: each is understood, or refused with the reason; skipped where they are absent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lstmcast.core.errors import DataError
from lstmcast.core.findings import WARNING
from lstmcast.data.checks import examine
from lstmcast.ingest import ReadingRules, Roles, read, survey

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not there")

UNDERSTOOD: list[tuple[str, Roles, str, str, list[str], dict[str, Any]]] = [
    # file, roles, evidence, first stamp, findings, options
    (
        "awkward/ambient_temperature_system_failure.csv",
        Roles("value"),
        "1 h in 7,256 of 7,266 steps; 10 gaps",
        "2013-07-04 00:00:00",
        ["gaps"],
        {},
    ),
    ("awkward/ausbeer.csv", Roles("Y"), "1 quarter in 210 of 210 steps", "1956-01-01", [], {}),
    (
        "awkward/beijing_pm25_four_column_time.csv",
        Roles("pm2.5"),
        "1 h in 43,823 of 43,823 steps",
        "2010-01-01T00:00:00",
        ["time_column", "missing"],
        {},
    ),
    ("awkward/cr_only_air_passengers.csv", Roles("y"), "1 month in 143 of 143 steps", "1949-01-01", [], {}),
    (
        "awkward/example_yosemite_temps.csv",
        Roles("y"),
        "5 min in 18,720 of 18,720 steps",
        "2017-05-01 00:00:00",
        ["missing"],
        {},
    ),
    (
        "awkward/household_power_2days_requoted.csv",
        Roles("Global_active_power"),
        "1 min in 2,879 of 2,879 steps",
        "2007-02-01 00:00:00",
        ["time_column"],
        {},
    ),
    (
        "awkward/household_power_2days_requoted.csv",
        Roles("Global_active_power", time="Date,Time"),
        "1 min in 2,879 of 2,879 steps",
        "2007-02-01T00:00:00",
        ["dates"],
        {"rules": ReadingRules(dates="day-first")},
    ),
    (
        "awkward/household_power_first11days_truncated.txt",
        Roles("Global_active_power"),
        "1 min in 15,921 of 15,921 steps",
        "2006-12-16T17:24:00",
        ["time_column", "cut_off", "dates", "missing"],
        {},
    ),
    (
        "awkward/machine_temperature_system_failure.csv",
        Roles("value"),
        "5 min in 22,682 of 22,682 steps; 12 duplicates",
        "2013-12-02 21:15:00",
        ["unsorted", "duplicates_differ"],
        {},
    ),
    (
        "awkward/monthly-milk-incomplete.csv",
        Roles("Pounds per cow"),
        "1 month in 146 of 154 steps; 8 gaps",
        "1962-01",
        ["gaps"],
        {},
    ),
    (
        "awkward/nycflights13.weather.csv",
        Roles("temp", id="origin"),
        "1 h in 26,067 of 26,112 steps; 45 gaps",
        "2013-01-01T06:00:00+00:00",
        ["time_column", "missing", "gaps"],
        {},
    ),
    (
        "awkward/nycflights13.weather.csv",
        Roles("temp", id="origin", time="year,month,day,hour"),
        "1 h in 26,067 of 26,112 steps; 45 gaps",
        "2013-01-01T01:00:00",
        ["missing", "gaps"],
        {"zone": "America/New_York"},
    ),
    (
        "awkward/occupancy_t4013.csv",
        Roles("value"),
        "1 h in 294 of 299 steps; 5 gaps",
        "2015-09-01 11:00:00",
        ["aggregated", "gaps"],
        {"freq": "1h", "rules": ReadingRules(aggregate="mean")},
    ),
    (
        "awkward/openmeteo_moscow.csv",
        Roles("temperature_2m_mean"),
        "1 day in 3,651 of 3,651 steps",
        "2014-01-01",
        ["name"],
        {},
    ),
    (
        "awkward/sea_surface_temperature.csv",
        Roles("temperature (celsius)"),
        "30 min in 19,222 of 19,224 steps; 2 gaps, 1 duplicate",
        "2016-02-15T00:00:00+00:00",
        ["duplicates_differ", "gaps"],
        {},
    ),
    (
        "awkward/sf-temps.csv",
        Roles("temp"),
        "1 h in 8,757 of 8,758 steps; 1 gap",
        "2010-01-01T00:00:00",
        ["gaps"],
        {},
    ),
    (
        "awkward/us_gasoline.csv",
        Roles("Gasoline"),
        "1 week in 1,577 of 1,577 steps",
        "1991-02-08",
        ["dates", "newest_first"],
        {},
    ),
    (
        "load/bike_sharing_hour.csv",
        Roles("cnt", known=("temp", "holiday")),
        "1 h in 17,303 of 17,378 steps; 75 gaps",
        "2011-01-01T00:00:00",
        ["time_column", "gaps"],
        {},
    ),
    (
        "load/elecdemand_2014_halfhourly.csv",
        Roles("Demand", known=("WorkDay", "Temperature")),
        "30 min in 17,519 of 17,519 steps",
        "2014-01-01 00:00:00",
        [],
        {},
    ),
    (
        "load/electricity-short-with-ex-vars.csv",
        Roles("y", id="unique_id", known=("Exogenous1", "Exogenous2")),
        "1 h in 6,716 of 6,716 steps",
        "2016-10-22 00:00:00",
        [],
        {},
    ),
    (
        "load/ercot_eight_zones_long.csv",
        Roles("value", id="unique_id"),
        "1 h in 7,992 of 7,992 steps",
        "2021-07-21 09:00:00",
        [],
        {},
    ),
    (
        "load/taylor_halfhourly.csv",
        Roles("demand"),
        "30 min in 4,031 of 4,031 steps",
        "2000-06-05 00:00:00",
        [],
        {},
    ),
    (
        "load/traffic_hourly.csv",
        Roles("traffic_volume", past=("temp",)),
        "1 h in 17,519 of 17,519 steps",
        "2016-10-01 00:00:00",
        ["missing", "missing"],
        {},
    ),
    ("ett/ETTh1.csv", Roles("OT"), "1 h in 17,419 of 17,419 steps", "2016-07-01 00:00:00", [], {}),
]

REFUSED: list[tuple[str, Roles, str]] = [
    ("awkward/elnino_wide.csv", Roles("JAN"), "the table is wide: one row a year and a column a month"),
    (
        "awkward/occupancy_t4013.csv",
        Roles("value"),
        "5 min in 1,909 of 2,498 steps, 10 min in 333 of 2,498 steps, from 1 min to 3.51 d; 1,860 stamps off the "
        "clock, the first is 2015-09-01 17:59:00 in line 63; average them with --freq 5min --aggregate mean",
    ),
    (
        "awkward/household_power_2days_requoted.csv",
        Roles("Global_active_power", time="Date,Time"),
        "one of them as 2007-02-01 (day/month/year) or 2007-01-02 (month/day/year); "
        "say which: --dates day-first or --dates month-first",
    ),
    ("awkward/nycflights13.weather.csv", Roles("temp"), "name their column with --id origin"),
    (
        "awkward/nycflights13.weather.csv",
        Roles("temp", id="origin", time="year,month,day,hour"),
        "2013-11-03 01:00:00 of 'EWR' stands twice (line 7321), as on the clocks of America/New_York",
    ),
    ("m4/Hourly-train.csv", Roles("V2"), "no column holds times"),
]


def name_of_case(value: object) -> str:
    """A short name that is the same in every process: a set has no order."""
    return str(sorted(value) if isinstance(value, set) else value)[:40]


@pytest.mark.parametrize(
    ("file", "roles", "evidence", "first", "codes", "options"), UNDERSTOOD, ids=name_of_case
)
def test_a_file_is_understood_with_its_findings(
    file: str, roles: Roles, evidence: str, first: str, codes: list[str], options: dict[str, Any]
) -> None:
    reading = read(DATA / file, roles, **options)
    assert reading.evidence == evidence
    assert reading.panel.clock.write(reading.panel.times[:1]) == [first]
    assert [finding.code for finding in reading.findings] == codes


@pytest.mark.parametrize(("file", "roles", "message"), REFUSED, ids=name_of_case)
def test_a_file_is_refused_with_the_reason(file: str, roles: Roles, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(DATA / file, roles)
    assert message in str(caught.value)


# What `check` says of them: the columns that it looks at, and the codes of its warnings.
EXAMINED: list[tuple[str, dict[str, Any], list[str], set[str]]] = [
    ("ambient_temperature_system_failure.csv", {}, ["value"], {"gaps"}),
    ("ausbeer.csv", {}, ["Y"], set()),
    (
        "beijing_pm25_four_column_time.csv",
        {},
        ["pm2.5", "DEWP", "TEMP", "PRES", "Iws", "Is", "Ir"],
        {"flat"},
    ),
    ("cr_only_air_passengers.csv", {}, ["y"], set()),
    ("example_yosemite_temps.csv", {}, ["y"], set()),
    (
        "household_power_first11days_truncated.txt",
        {},
        [
            "Global_active_power",
            "Global_reactive_power",
            "Voltage",
            "Global_intensity",
            "Sub_metering_2",
            "Sub_metering_3",
            "Sub_metering_1",
        ],
        {"cut_off"},
    ),
    ("machine_temperature_system_failure.csv", {}, ["value"], {"unsorted", "duplicates_differ"}),
    ("monthly-milk-incomplete.csv", {}, ["Pounds per cow"], {"gaps"}),
    ("openmeteo_moscow.csv", {}, ["temperature_2m_mean (°C)"], set()),
    ("sea_surface_temperature.csv", {}, ["temperature (celsius)"], {"duplicates_differ", "gaps"}),
    ("sf-temps.csv", {}, ["temp"], {"gaps"}),
    ("us_gasoline.csv", {}, ["Gasoline"], set()),
]


@pytest.mark.parametrize(("file", "options", "columns", "warnings"), EXAMINED, ids=name_of_case)
def test_check_looks_at_every_column_of_numbers_and_warns_of_what_is_wrong(
    file: str, options: dict[str, Any], columns: list[str], warnings: set[str]
) -> None:
    reading = survey(DATA / "awkward" / file, Roles(""), **options)
    assert [column.name for column in reading.panel.columns] == columns
    found = (*reading.findings, *examine(reading.panel))
    assert {finding.code for finding in found if finding.severity == WARNING} == warnings


@pytest.mark.parametrize(
    ("file", "roles", "evidence", "first", "codes", "options"), UNDERSTOOD, ids=name_of_case
)
def test_a_survey_finds_the_same_and_which_columns_could_help(
    file: str, roles: Roles, evidence: str, first: str, codes: list[str], options: dict[str, Any]
) -> None:
    surveyed = survey(DATA / file, roles, **options)
    assert surveyed.evidence == evidence
    found = [finding.code for finding in surveyed.findings]
    assert found == [*codes, "covariates"] if surveyed.candidates else found == codes
