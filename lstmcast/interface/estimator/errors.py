"""The errors of the estimator: ours that are a ValueError too, as scikit-learn wants it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lstmcast.core.errors import DataError, LstmcastError, TrainingError, UsageError


class DataValueError(DataError, ValueError):
    """Data that cannot be understood."""


class UsageValueError(UsageError, ValueError):
    """A parameter that cannot be used."""


class TrainingValueError(TrainingError, ValueError):
    """A training that cannot start, or diverged."""


_TWINS: dict[type[LstmcastError], type[LstmcastError]] = {
    DataError: DataValueError,
    UsageError: UsageValueError,
    TrainingError: TrainingValueError,
}


@contextmanager
def as_value_errors() -> Iterator[None]:
    """Within it our errors about data, parameters and training are raised as a ValueError of the same words."""
    try:
        yield
    except (DataError, UsageError, TrainingError) as error:
        if isinstance(error, ValueError):
            raise
        twin = next(twin for own, twin in _TWINS.items() if isinstance(error, own))
        raise twin(str(error), **error.where) from error  # type: ignore[arg-type]
