"""Who may know whom: the dict below is the architecture document, and the imports of every file obey it."""

from __future__ import annotations

import ast
import graphlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "lstmcast"

# room: (rooms of ours it may import, packages of others it may import)
ARCHITECTURE: dict[str, tuple[str, str]] = {
    "setting": ("", ""),
    "findings": ("", ""),
    "errors": ("findings", ""),
    "options": ("errors", ""),
    "panel": ("findings", "numpy pandas"),
    "ledger": ("panel", "numpy"),
    "drift": ("", "numpy"),
    "ingest": ("errors findings ledger panel", "numpy pandas pyarrow"),
    "doctor": ("findings panel", "numpy"),
    "nn": ("", "numpy"),
    "metrics": ("", "numpy"),
    "intervals": ("errors metrics", "numpy"),
    "verdict": ("metrics panel", "numpy"),
    "scaling": ("panel", "numpy"),
    "windows": ("panel", "numpy"),
    "features": ("panel", "numpy pandas"),
    "holidays": ("errors panel", "numpy holidays"),
    "gaps": ("panel", "numpy"),
    "blocks": ("errors panel", "numpy"),
    "sizes": ("errors options panel", ""),
    "contract": ("errors findings panel", "numpy"),
    "freshness": ("errors panel", "numpy"),
    "future": ("contract errors panel", "numpy"),
    "rolling": ("contract errors panel", "numpy"),
    "baselines": ("panel windows", "numpy"),
    "scoring": ("baselines drift errors features ledger metrics panel", "numpy"),
    "evaluation": ("baselines metrics panel windows", "numpy"),
    "validation": ("blocks errors metrics panel scaling windows", "numpy"),
    "linear": ("features panel validation windows", "numpy"),
    "preparation": ("blocks features gaps linear metrics panel scaling windows", "numpy"),
    "trials": ("blocks linear options panel preparation setting sizes validation windows", "numpy"),
    "selection": ("blocks errors options panel preparation setting sizes trials", "numpy"),
    "pair": ("linear setting trials windows", "numpy"),
    "training": ("errors nn panel", "numpy"),
    "checkpoint": ("nn options panel training", "numpy"),
    "hybrid": ("intervals nn options panel windows", "numpy"),
    "lesson": ("hybrid intervals linear nn options panel training validation windows", "numpy"),
    "members": ("checkpoint lesson linear nn options panel training validation windows", "numpy joblib"),
    "budget": ("lesson members options training", ""),
    "habits": ("contract findings panel windows", "numpy"),
    "ladder": ("baselines errors evaluation habits intervals linear panel validation windows", "numpy"),
    "blend": ("baselines hybrid linear panel validation windows", "numpy"),
    "plan": ("blocks lesson options panel windows", "numpy"),
    "model": (
        "blend contract errors evaluation features habits intervals ladder linear options panel preparation "
        "rolling setting verdict windows",
        "numpy",
    ),
    "pretrained": ("errors features members model nn panel preparation setting", "numpy"),
    "task": ("blocks holidays hybrid members model options panel plan pretrained sizes trials", "numpy"),
    "exchange": (
        "baselines errors habits hybrid intervals linear model nn panel rolling windows",
        "numpy onnx",
    ),
    "classes": (
        "blocks budget checkpoint contract errors evaluation features gaps holidays hybrid ladder lesson "
        "members metrics model nn options panel plan preparation rolling selection sizes training validation "
        "windows",
        "numpy threadpoolctl",
    ),
    "contest": ("blend checkpoint hybrid lesson members options pair training trials windows", "numpy"),
    "judging": (
        "blend blocks contest contract evaluation gaps habits intervals ladder lesson model options pair "
        "panel task trials validation windows",
        "numpy",
    ),
    "refreshing": (
        "blend blocks checkpoint errors habits intervals lesson linear members model nn options panel "
        "preparation training verdict windows",
        "numpy threadpoolctl",
    ),
    "persistence": (
        "blend checkpoint classes contract errors habits hybrid intervals ladder linear model nn options "
        "panel preparation scaling setting training",
        "numpy joblib",
    ),
    "fitting": (
        "blocks budget checkpoint classes contest errors holidays judging lesson members model options pair "
        "panel persistence plan selection task training",
        "numpy threadpoolctl",
    ),
    "estimator": ("classes errors fitting options panel", "numpy pandas sklearn"),
    "cli": (
        "budget checkpoint classes contract doctor drift errors evaluation exchange findings fitting "
        "freshness future holidays ingest ledger model options panel persistence plan refreshing scoring "
        "selection sizes training verdict",
        "typer rich",
    ),
}
# Never at the top of a file: scikit-learn takes seconds on a slow machine, and extras may be absent.
ONLY_INSIDE_FUNCTIONS = {"sklearn", "joblib", "threadpoolctl", "scipy", "onnx", "pyarrow", "holidays"}
EXCEPTIONS = {"estimator": {"sklearn"}}


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


def imports_of(file: Path) -> Iterator[Import]:
    """Every import of a file, inside functions and for type checkers too."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        for module in modules_of(node):
            yield Import(str(file.relative_to(PROJECT)), room_of(file), module, id(node) not in inside)


def modules_of(node: ast.AST) -> list[str]:
    """The modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        whole = node.module == "lstmcast"
        return [f"lstmcast.{alias.name}" for alias in node.names] if whole else [str(node.module)]
    return []


IMPORTS = [found for file in files() for found in imports_of(file) if room_of(file) in ARCHITECTURE]


def test_every_room_is_in_the_table() -> None:
    rooms = {room_of(file) for file in files()} - {"__init__", "__main__"}
    assert rooms == set(ARCHITECTURE)


@pytest.mark.parametrize("room", ARCHITECTURE)
def test_a_room_imports_only_the_rooms_it_may(room: str) -> None:
    allowed = {room, "__version__", *ARCHITECTURE[room][0].split()}
    wrong = [i for i in IMPORTS if i.room == room and i.target is not None and i.target not in allowed]
    assert not wrong


@pytest.mark.parametrize("room", ARCHITECTURE)
def test_a_room_imports_only_the_packages_it_may(room: str) -> None:
    allowed = {"lstmcast", *ARCHITECTURE[room][1].split(), *sys.stdlib_module_names}
    wrong = [i for i in IMPORTS if i.room == room and i.package not in allowed]
    assert not wrong


def test_rooms_form_no_cycle() -> None:
    graph: dict[str, set[str]] = {room: set() for room in ARCHITECTURE}
    for found in IMPORTS:
        if found.target in graph and found.target != found.room:
            graph[found.room].add(found.target)
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError


def test_what_only_training_needs_is_never_loaded_at_the_top_of_a_file() -> None:
    wrong = [
        found
        for found in IMPORTS
        if found.at_top and found.package in ONLY_INSIDE_FUNCTIONS - EXCEPTIONS.get(found.room, set())
    ]
    assert not wrong


def test_nothing_imports_click_of_which_typer_carries_its_own() -> None:
    assert not [found for found in IMPORTS if found.package == "click"]


def test_only_the_command_line_prints() -> None:
    wrong = [
        f"{file.relative_to(PROJECT)}:{node.lineno}"
        for file in files()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not wrong


def test_what_holds_arrays_is_not_compared_by_value() -> None:
    """An array has no single truth, so a generated `__eq__` would raise; making one is most of a class's start-up."""
    compared = [
        f"{file.relative_to(PROJECT)}: {node.name}"
        for file in files()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and _compares(node) and _holds_arrays(node)
    ]
    assert not compared


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
    for file in files():
        text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        assert text.split("\n\n")[0].rstrip().endswith((".", "?")), file


def test_the_readme_lists_the_rooms_there_are() -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    section = text.split("## Rooms", 1)[1].split("\n## ", 1)[0]
    listed = re.findall(r"^\| `([a-z_]+)(?:\.py|/)` \|", section, flags=re.MULTILINE)
    assert sorted(listed) == sorted(ARCHITECTURE)
