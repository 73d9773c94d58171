"""`lstmcast export`: a model as an ONNX graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lstmcast.cli.sessions.delivery import console_beside, deliver, probe
from lstmcast.cli.sessions.training_request import Level
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import OUTPUT, Json, ModelFile, Quiet, Verbose, parse_levels
from lstmcast.cli.shell.outputs import STDOUT

if TYPE_CHECKING:
    from lstmcast.persistence.exchange.onnx import Exported

GraphOutput = Annotated[
    str, typer.Option("-o", "--output", metavar="FILE", help="file to write", rich_help_panel=OUTPUT)
]


def export(
    model: ModelFile,
    output: GraphOutput = "model.onnx",
    level: Level = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write a model as an ONNX graph, for programs in other languages.

    It goes from a window of the target, in the units of the CSV, to the forecast and its bands; of classes, to
    their probabilities. What knows of stamps and of other columns goes in as arrays, which lstmcast.onnx_inputs
    makes.
    """
    console = console_beside(output, quiet=quiet, verbose=verbose, as_json=as_json)
    export_model(model, output, None if level is None else parse_levels(level), console)


def export_model(model_file: str, output: str, levels: tuple[int, ...] | None, console: Console) -> None:
    """Load, write, and say what goes in and comes out."""
    from lstmcast import persistence
    from lstmcast.persistence.exchange.onnx import export_onnx

    probe(output, persistence.A_BLOCK)
    exported = export_onnx(persistence.load(model_file), levels)
    deliver(output, (exported.data,))
    _show(exported, output, console)


def _show(exported: Exported, output: str, console: Console) -> None:
    rows = [
        [kind, part["name"], " x ".join(map(str, part["shape"])), part["meaning"]]
        for kind, parts in (("in", exported.inputs), ("out", exported.outputs))
        for part in parts
    ]
    console.table(["", "name", "shape", "meaning"], rows)
    if output != STDOUT:
        console.note(f"Wrote {output}")
    console.document({"output": output, "inputs": exported.inputs, "outputs": exported.outputs})
