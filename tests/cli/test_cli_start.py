"""What is loaded on the way: nothing that takes long and is not needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstmcast import __version__
from lstmcast.cli.shell.catalogue import COMMANDS
from tests.command_line import in_python, lstmcast, process

HEAVY = {"numpy", "pandas", "sklearn", "scipy", "joblib", "pydantic", "rich", "torch", "tomllib"}


def modules_loaded_by(*arguments: str) -> set[str]:
    """What is loaded after a command line has run."""
    code = (
        "import sys, io\n"
        "from lstmcast.__main__ import run\n"
        "sys.stdout, out = io.StringIO(), sys.stdout\n"
        f"run({list(arguments)!r})\n"
        "print(*sys.modules, file=out)"
    )
    return set(in_python(code).split())


def loaded_by(*arguments: str) -> set[str]:
    """The packages among them."""
    return {name.split(".")[0] for name in modules_loaded_by(*arguments)}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["check", "-h"],
        ["train", "--help"],
        ["predict", "-h"],
        ["template", "-h"],
        ["evaluate", "-h"],
        ["info", "-h"],
        ["nonsense"],
    ],
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    assert not loaded_by(*arguments) & HEAVY


@pytest.mark.parametrize("arguments", [["--help"], ["info", "--help"], ["info", "none.pkl"]])
def test_a_command_loads_no_other_and_no_settings_where_nothing_is_set(arguments: list[str]) -> None:
    loaded = modules_loaded_by(*arguments)
    found = {name.rpartition(".")[2] for name in loaded if name.startswith("lstmcast.cli.")}
    assert found & {*COMMANDS, "settings"} == {*arguments} & {*COMMANDS}


def test_a_quiet_forecast_does_not_examine_what_nobody_is_told(history: Path, model_file: Path) -> None:
    words = ["predict", str(model_file), str(history)]
    code = (
        "import sys, io\n"
        "from lstmcast.__main__ import run\n"
        "sys.stdout, out = io.StringIO(), sys.stdout\n"
        "for told in (['-q'], [], ['-q', '--json']):\n"
        f"    assert run({words!r} + told) == 0\n"
        "    print('lstmcast.ingest' in sys.modules, 'lstmcast.data.checks' in sys.modules, file=out)\n"
        "    assert not {'pandas', 'sklearn', 'joblib'} & {*sys.modules}\n"
        "    sys.modules.pop('lstmcast.data.checks', None)\n"
    )
    assert in_python(code).splitlines() == ["True False", "True True", "True True"]


def test_loading_libraries_is_not_interrupted_by_collections_of_garbage() -> None:
    code = "import gc; from lstmcast.__main__ import run; run(['--version'])"
    code += "; print(gc.isenabled(), *gc.get_threshold())"
    enabled, first, *_ = in_python(code).splitlines()[1].split()
    assert (enabled, int(first)) == ("True", 20_000)


def test_the_version_is_said_before_even_typer_is_loaded() -> None:
    assert not loaded_by("--version") & (HEAVY | {"typer", "typing"})


def test_importing_lstmcast_loads_no_numpy_and_knows_its_public_names() -> None:
    code = "import lstmcast, sys; print('numpy' in sys.modules, *dir(lstmcast))"
    said = in_python(code).split()
    assert said[0] == "False"
    assert {"LSTMForecaster", "Model", "Options", "Panel", "fit", "load", "read", "save"} <= set(said)


def test_every_public_name_can_be_had() -> None:
    import lstmcast as package

    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        package.nonsense  # noqa: B018


@pytest.mark.parametrize("arguments", [["--version"], ["train", "--version"]])
def test_the_version_is_said_wherever_it_is_asked_for(arguments: list[str]) -> None:
    assert lstmcast(*arguments).out == f"lstmcast {__version__}\n"


def test_blas_gets_one_thread_before_numpy_is_loaded() -> None:
    code = (
        "import os\n"
        "from lstmcast.__main__ import BLAS_THREADS, run\n"
        "import sys; assert 'numpy' not in sys.modules\n"
        "os.environ['OPENBLAS_NUM_THREADS'] = '8'\n"
        "run(['--version'])\n"
        "print(*(os.environ[name] for name in BLAS_THREADS))"
    )
    assert set(in_python(code).splitlines()[1].split()) == {"1"}


def test_python_dash_m_is_the_program() -> None:
    assert process("--version").out == f"lstmcast {__version__}\n"
