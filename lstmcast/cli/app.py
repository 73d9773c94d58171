"""The program `lstmcast`: its commands joined, and its usage errors turned into ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, cast

import typer
from typer.main import get_command

from lstmcast.cli.check import check
from lstmcast.cli.command import Command, Group
from lstmcast.cli.evaluate import evaluate
from lstmcast.cli.export import export
from lstmcast.cli.flags import takes_common_options
from lstmcast.cli.info import info
from lstmcast.cli.predict import predict
from lstmcast.cli.refresh import refresh
from lstmcast.cli.schedule import schedule
from lstmcast.cli.score import score
from lstmcast.cli.streams import PROGRAM
from lstmcast.cli.template import template
from lstmcast.cli.train import train
from lstmcast.errors import UsageError

EXAMPLES: dict[Callable[..., None], str] = {
    check: "lstmcast check sample_data/water_flow.csv",
    train: "lstmcast train sample_data/victoria_load.csv --target load",
    predict: "lstmcast predict model.pkl sample_data/victoria_new.csv --level 80,95 --output forecast.csv",
    template: "lstmcast template weather.pkl sample_data/seattle_weather.csv --output coming.csv",
    evaluate: "lstmcast evaluate model.pkl sample_data/victoria_load.csv --output singles.csv",
    schedule: "lstmcast schedule model.pkl sample_data/victoria_new.csv --at 04:30 --log forecasts.csv",
    score: "lstmcast score sample_data/forecasts.csv sample_data/victoria_load.csv",
    refresh: "lstmcast refresh load.pkl sample_data/victoria_load.csv --budget 10m",
    info: "lstmcast info model.pkl",
    export: "lstmcast export model.pkl --output model.onnx",
}

# The base of every usage error, which typer does not export.
UnderstoodNothing = cast("type[Exception]", typer.BadParameter.__mro__[1])

app = typer.Typer(
    cls=Group,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\n".join(EXAMPLES[command] for command in (train, predict)),
)
for function, example in EXAMPLES.items():
    app.command(cls=Command, epilog=example)(takes_common_options(function))


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", help="show the version and stop")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="show a bug's traceback; may stand anywhere")
    ] = False,
) -> None:
    """Turn a CSV into forecasts that can be trusted: train once, predict every night."""
    # Both are acted on by the boundary, which must know them even when the rest cannot be parsed.


def parse(arguments: list[str]) -> int:
    """Run the command these arguments name; raises UsageError when they cannot be understood."""
    try:
        code = get_command(app).main(arguments, prog_name=PROGRAM, standalone_mode=False)
    except UnderstoodNothing as error:
        raise UsageError(_usage_line(error)) from None
    return code if isinstance(code, int) else 0


def _usage_line(error: BaseException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else PROGRAM
    message = error.format_message()  # type: ignore[attr-defined]
    return f"{message.rstrip('.')}; see {path} --help"
