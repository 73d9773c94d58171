"""Turns a CSV into forecasts people can trust; these are the public names, loaded when first used."""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "Clock": "core.panel",
    "Forecast": "interface.forecast",
    "LSTMForecaster": "interface.estimator",
    "LstmcastError": "core.errors",
    "LstmcastWarning": "interface.reading",
    "Model": "interface.model",
    "Options": "core.options",
    "Panel": "core.panel",
    "Roles": "ingest",
    "backtest": "interface.functions",
    "datasets": "interface.datasets",
    "export_onnx": "persistence.exchange.onnx",
    "export_torch": "persistence.exchange.torch",
    "fit": "interface.functions",
    "import_torch": "persistence.exchange.torch",
    "load": "interface.functions",
    "onnx_inputs": "persistence.exchange.onnx",
    "read": "interface.functions",
    "read_holidays": "ingest",
    "save": "persistence",
    "tune": "interface.functions",
}

# What needs an extra is no name that an import of all names loads.
_OF_EXTRAS = {"SktimeForecaster": "interface.estimator.sktime_forecaster"}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> object:
    """Return a public name from the room where it lives; importing lstmcast itself stays free of NumPy."""
    home = (_HOMES | _OF_EXTRAS).get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{home}")
    value: object = module if home.endswith(f".{name}") else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, for completion at a prompt."""
    return __all__
