"""The sample data that come with the package, as DataFrames with times as index."""

from __future__ import annotations

import gzip
import io
from importlib import resources

import pandas as pd


def load_victoria() -> pd.DataFrame:
    """Return hourly electricity load of Victoria, Australia, 2012: (3,600, 1), column `load` in MW."""
    return _sample("load")


def load_co2() -> pd.DataFrame:
    """Return weekly carbon dioxide in the air of Mauna Loa from 1958 on: column `co2` in ppm, some weeks missing."""
    return _sample("co2")


def load_seattle_weather() -> pd.DataFrame:
    """Return daily weather of Seattle from 2012 on: rain, temperatures, wind, and `weather` as text."""
    return _sample("seattle_weather")


def load_water_flow() -> pd.DataFrame:
    """Return the flow of a river in litres a second, with stamps of a zone that changes its clock."""
    return _sample("water_flow")


def _sample(name: str) -> pd.DataFrame:
    """The sample whose first column is the index of times."""
    packed = resources.files("lstmcast").joinpath("guide", "samples", f"{name}.csv.gz").read_bytes()
    frame = pd.read_csv(io.BytesIO(gzip.decompress(packed)), index_col=0)
    text = frame.index.astype(str)
    has_zone = text.str.contains(r"[+-]\d\d:\d\d$").all()
    return frame.set_axis(pd.to_datetime(text, utc=bool(has_zone)).rename(frame.index.name), axis=0)
