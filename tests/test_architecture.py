"""Who may know whom: the dict below is the architecture document, and the imports of every file obey it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "lstmcast"

# package: (packages of ours it may import, packages of others it may import); the lowest floor first
ARCHITECTURE: dict[str, tuple[str, str]] = {
    "core": ("", "numpy pandas"),
    "nn": ("", "numpy"),
    "data": ("core", "numpy holidays"),
    "evaluation": ("core data", "numpy"),
    "ingest": ("core evaluation", "numpy pandas pyarrow openpyxl"),
    "forecasters": ("core data nn evaluation", "numpy"),
    "training": ("core data nn evaluation forecasters", "numpy joblib"),
    "model": ("core data evaluation forecasters", "numpy"),
    "persistence": ("core data nn evaluation forecasters training model", "numpy joblib onnx"),
    "pipeline": (
        "core data nn evaluation forecasters training model persistence",
        "numpy threadpoolctl joblib sklearn dask distributed",
    ),
    "cli": (
        "core data ingest evaluation training model persistence pipeline",
        "typer rich markdown_it resvg_py",
    ),
    "interface": (
        "core model pipeline persistence ingest evaluation cli",
        "numpy pandas sklearn sktime",
    ),
}
# Never at the top of a file: scikit-learn takes seconds on a slow machine, and extras may be absent.
ONLY_INSIDE_FUNCTIONS = {
    "dask",
    "distributed",
    "sklearn",
    "joblib",
    "threadpoolctl",
    "scipy",
    "onnx",
    "pyarrow",
    "openpyxl",
    "holidays",
    "resvg_py",
}
EXCEPTIONS = {"interface": {"sklearn"}}


@dataclass(frozen=True)
class Import:
    """One import: which file and room, what it names, and whether it runs when the file is loaded."""

    file: str
    room: str
    module: str
    at_top: bool

    @property
    def package(self) -> str:
        """The outermost package: `sklearn` of `sklearn.linear_model`."""
        return self.module.split(".")[0]

    @property
    def target(self) -> str | None:
        """The room of ours that is imported, if it is one."""
        parts = self.module.split(".")
        return parts[1] if self.package == "lstmcast" and len(parts) > 1 else None


def files() -> list[Path]:
    """Every source file of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def room_of(file: Path) -> str:
    """The module or folder below the package that a file belongs to."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def nodes_of(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """Every node of a tree, and whether it stands inside a function."""
    ahead: list[tuple[ast.AST, bool]] = [(tree, False)]
    while ahead:
        node, is_inside = ahead.pop()
        yield node, is_inside
        is_inside = is_inside or isinstance(node, ast.FunctionDef)
        ahead += [(child, is_inside) for child in ast.iter_child_nodes(node)]


@dataclass(frozen=True)
class Facts:
    """The parts of a file that the tests below ask about, so that each file is parsed once."""

    opening: str
    imports: tuple[Import, ...]  # inside functions and for type checkers too
    names: frozenset[tuple[str, ...]]  # of each name that is imported: the modules that it may be, or be of
    prints: tuple[str, ...]
    compared: tuple[str, ...]  # the classes that hold arrays and are compared by value


@cache
def facts() -> dict[Path, Facts]:
    """The facts of every file."""
    return {file: _facts(file) for file in files()}


def _facts(file: Path) -> Facts:
    here, tree = str(file.relative_to(PROJECT)), ast.parse(file.read_text(encoding="utf-8"))
    imports: list[Import] = []
    names: set[tuple[str, ...]] = set()
    prints, compared = [], []
    for node, is_inside in nodes_of(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports += [Import(here, room_of(file), module, not is_inside) for module in modules_of(node)]
            names |= names_of(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            prints.append(f"{here}:{node.lineno}")
        elif isinstance(node, ast.ClassDef) and _compares(node) and _holds_arrays(node):
            compared.append(f"{here}: {node.name}")
    opening = (ast.get_docstring(tree) or "").split("\n\n")[0].rstrip()
    return Facts(opening, tuple(imports), frozenset(names), tuple(prints), tuple(compared))


def modules_of(node: ast.AST) -> list[str]:
    """The modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        whole = node.module == "lstmcast"
        return [f"lstmcast.{alias.name}" for alias in node.names] if whole else [str(node.module)]
    return []


def names_of(node: ast.Import | ast.ImportFrom) -> set[tuple[str, ...]]:
    """The names that a statement imports: each may be a module, or something of one."""
    if isinstance(node, ast.Import):
        return {(alias.name,) for alias in node.names}
    return {(f"{node.module}.{alias.name}", f"{node.module}") for alias in node.names}


@cache
def all_imports() -> tuple[Import, ...]:
    """Every import of every room."""
    return tuple(i for each in facts().values() for i in each.imports if i.room in ARCHITECTURE)


def test_every_room_is_in_the_table() -> None:
    rooms = {room_of(file) for file in files()} - {"__init__", "__main__"}
    assert rooms == set(ARCHITECTURE)


@pytest.mark.parametrize("room", ARCHITECTURE)
def test_a_room_imports_only_the_rooms_it_may(room: str) -> None:
    allowed = {room, "__version__", *ARCHITECTURE[room][0].split()}
    wrong = [i for i in all_imports() if i.room == room and i.target is not None and i.target not in allowed]
    assert not wrong


@pytest.mark.parametrize("room", ARCHITECTURE)
def test_a_room_imports_only_the_packages_it_may(room: str) -> None:
    allowed = {"lstmcast", *ARCHITECTURE[room][1].split(), *sys.stdlib_module_names}
    wrong = [i for i in all_imports() if i.room == room and i.package not in allowed]
    assert not wrong


def test_what_only_training_needs_is_never_loaded_at_the_top_of_a_file() -> None:
    wrong = [
        found
        for found in all_imports()
        if found.at_top and found.package in ONLY_INSIDE_FUNCTIONS - EXCEPTIONS.get(found.room, set())
    ]
    assert not wrong


CLI_FLOORS = {"shell": "", "sessions": "shell", "show": "shell", "commands": "shell sessions show"}


@pytest.mark.parametrize("floor", CLI_FLOORS)
def test_a_floor_of_the_command_line_imports_only_those_below(floor: str) -> None:
    allowed = {floor, *CLI_FLOORS[floor].split()}
    wrong = [
        i
        for i in all_imports()
        if Path(i.file).parts[1:3] == ("cli", floor)
        and i.module.startswith("lstmcast.cli.")
        and i.module.split(".")[2] not in allowed
    ]
    assert not wrong


def test_no_file_imports_itself_through_others() -> None:
    """Not even for type checkers: two files that need each other are one, or a third is missing."""
    graph = {name: _imported(name, file) for name, file in MODULES.items()}
    while leaves := {name for name, needed in graph.items() if not needed}:
        graph = {name: needed - leaves for name, needed in graph.items() if name not in leaves}
    assert not graph, "what is left stands in a circle, or above one"


MODULES = {".".join(file.relative_to(PROJECT).with_suffix("").parts): file for file in files()}


def _imported(name: str, file: Path) -> set[str]:
    """The files of ours that a file imports; of a package its __init__."""
    found = {next(filter(None, map(_module, names)), None) for names in facts()[file].names}
    return {module for module in found if module is not None} - {name}


def _module(name: str) -> str | None:
    """The file of a module, which a class or a function of it is not."""
    return next((each for each in (name, f"{name}.__init__") if each in MODULES), None)


def test_nothing_imports_click_of_which_typer_carries_its_own() -> None:
    assert not [found for found in all_imports() if found.package == "click"]


def test_only_the_command_line_prints() -> None:
    assert not [place for each in facts().values() for place in each.prints]


def test_what_holds_arrays_is_not_compared_by_value() -> None:
    """An array has no single truth, so a generated `__eq__` would raise; making one is most of a class's start-up."""
    assert not [place for each in facts().values() for place in each.compared]


def _compares(node: ast.ClassDef) -> bool:
    made = [ast.unparse(decorator) for decorator in node.decorator_list]
    return any(word.startswith("dataclass") and "eq=False" not in word for word in made)


def _holds_arrays(node: ast.ClassDef) -> bool:
    kinds = [ast.unparse(part.annotation) for part in node.body if isinstance(part, ast.AnnAssign)]
    return any(
        {"Numbers", "Times", "Integers", "Mask", "Floats", "NDArray"} & set(re.findall(r"\w+", kind))
        for kind in kinds
    )


def test_every_file_opens_with_one_sentence() -> None:
    assert not [file for file, each in facts().items() if not each.opening.endswith((".", "?"))]


def test_the_readme_lists_the_packages_from_the_highest_floor_down() -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    section = text.split("## How the code is laid out", 1)[1].split("\n## ", 1)[0]
    listed = re.findall(r"^\| `([a-z_]+)(?:\.py|/)` \|", section, flags=re.MULTILINE)
    assert listed == [*reversed(ARCHITECTURE)]
    for number, (package, (below, _)) in enumerate(ARCHITECTURE.items()):
        assert set(below.split()) <= set([*ARCHITECTURE][:number]), package
