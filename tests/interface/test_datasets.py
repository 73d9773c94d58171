"""The packaged samples are those of the project's folder, and go into fit as they are."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

import lstmcast
from tests.command_line import PROJECT, SAMPLES

PACKED = {
    "load": "victoria_load",
    "co2": "co2",
    "seattle_weather": "seattle_weather",
    "water_flow": "water_flow",
}


@pytest.mark.parametrize(("packed", "sample"), PACKED.items())
def test_what_is_packed_is_what_the_folder_shows(packed: str, sample: str) -> None:
    content = (PROJECT / "lstmcast" / "guide" / "samples" / f"{packed}.csv.gz").read_bytes()
    assert gzip.decompress(content) == (SAMPLES / f"{sample}.csv").read_bytes()


@pytest.mark.parametrize(
    ("name", "first", "target"),
    [
        ("victoria", "2012-01-01", "load"),
        ("co2", "1958-03-29", "co2"),
        ("seattle_weather", "2012-01-01", "temp_max"),
        ("water_flow", "2022-03-20T10:00Z", None),
    ],
)
def test_a_sample_is_a_frame_by_time_that_is_read_as_it_is(name: str, first: str, target: str | None) -> None:
    frame = getattr(lstmcast.datasets, f"load_{name}")()
    assert frame.index[0] == pd.Timestamp(first)
    panel = lstmcast.read(frame, **({} if target is None else {"target": target})).panel
    assert len(panel.times) >= len(frame)
