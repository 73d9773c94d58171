"""The public names for type checkers, each from the file where it lives; `__init__.py` loads them when first used."""

from lstmcast.core.errors import LstmcastError as LstmcastError
from lstmcast.core.options import Options as Options
from lstmcast.core.panel import Clock as Clock
from lstmcast.core.panel import Panel as Panel
from lstmcast.ingest import Roles as Roles
from lstmcast.ingest import read_holidays as read_holidays
from lstmcast.interface import datasets as datasets
from lstmcast.interface.estimator import LSTMForecaster as LSTMForecaster
from lstmcast.interface.estimator.sktime_forecaster import SktimeForecaster as SktimeForecaster
from lstmcast.interface.forecast import Forecast as Forecast
from lstmcast.interface.functions import backtest as backtest
from lstmcast.interface.functions import fit as fit
from lstmcast.interface.functions import load as load
from lstmcast.interface.functions import read as read
from lstmcast.interface.functions import tune as tune
from lstmcast.interface.model import Model as Model
from lstmcast.interface.reading import LstmcastWarning as LstmcastWarning
from lstmcast.persistence import save as save
from lstmcast.persistence.exchange.onnx import export_onnx as export_onnx
from lstmcast.persistence.exchange.onnx import onnx_inputs as onnx_inputs
from lstmcast.persistence.exchange.torch import export_torch as export_torch
from lstmcast.persistence.exchange.torch import import_torch as import_torch

__version__: str
