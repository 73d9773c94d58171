"""Stamps without a zone, for a model whose stamps had one: taken as the model's and said, or asked about."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.command_line import Said, lstmcast

SHORT = "--target y --lookback 24 --hidden 2 --steps 1 --safeguard linear --no-final"
INDEX = pd.date_range("2024-03-01", "2024-04-10", freq="h", tz="Europe/Berlin")


def written(path: Path, stamps: list[str]) -> Path:
    path.write_text("time,y\n" + "".join(f"{t},{i % 24 + i * i % 7}\n" for i, t in enumerate(stamps)))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of stamps with offsets, and fresh files without them."""
    folder = tmp_path_factory.mktemp("zones")
    zoned = written(folder / "zoned.csv", [stamp.isoformat() for stamp in INDEX])
    written(folder / "local.csv", INDEX.strftime("%Y-%m-%d %H:%M").tolist())
    written(folder / "utc.csv", INDEX.tz_convert("UTC").strftime("%Y-%m-%d %H:%M").tolist())
    assert lstmcast("train", zoned, *SHORT.split(), "--horizon", "12h", "-o", folder / "m.pkl").code == 0
    return folder


def predicted(folder: Path, name: str, *options: str) -> Said:
    return lstmcast("predict", folder / "m.pkl", folder / name, *options)


def figures(said: Said) -> list[str]:
    """The forecast without its stamps, and its first row's stamp without an offset."""
    rows = [line.split(",") for line in said.out.splitlines()[1:]]
    return [rows[0][0][:16].replace("T", " "), *(row[1] for row in rows)]


def test_they_are_taken_as_the_models_and_said(folder: Path) -> None:
    known, assumed = predicted(folder, "zoned.csv"), predicted(folder, "local.csv")
    assert figures(known) == figures(assumed)
    assert len(figures(known)) == 1 + 12
    assert "stamps name no zone, those of training did; taken as times of Europe/Berlin" in assumed.err
    assert "--tz ZONE if they are of another" in assumed.err
    assert "zone" not in known.err


def test_with_strict_their_zone_has_to_be_named(folder: Path) -> None:
    refused = predicted(folder, "local.csv", "--strict")
    assert (refused.code, refused.out) == (3, "")
    assert "name their zone with --tz (--strict: nothing was written)" in refused.err
    settled = predicted(folder, "local.csv", "--strict", "--tz", "Europe/Berlin")
    assert (settled.code, settled.err) == (0, "")
    assert predicted(folder, "zoned.csv", "--strict").code == 0


def test_they_may_be_of_another_zone(folder: Path) -> None:
    other = predicted(folder, "utc.csv", "--tz", "UTC")
    assert other.code == 0
    assert figures(other) == figures(predicted(folder, "zoned.csv"))


def test_how_far_ahead_may_be_said_as_a_time(folder: Path) -> None:
    assert len(figures(predicted(folder, "zoned.csv", "--horizon", "6h"))) == 1 + 6
    refused = predicted(folder, "zoned.csv", "--horizon", "90min")
    assert refused.code == 2
    assert "--horizon 90min is no whole number of rows, which are 1h apart" in refused.err
