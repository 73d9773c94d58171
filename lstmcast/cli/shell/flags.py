"""The flags of a command line: those that several commands share, and those of `train`, made from Options."""

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer

from lstmcast import __version__
from lstmcast.cli.shell import log, run
from lstmcast.cli.shell.outputs import OUTPUTS
from lstmcast.core.ahead import read_ahead
from lstmcast.core.errors import UsageError
from lstmcast.core.options import Options, flag, parse_names, parse_numbers, seconds

INPUT, OUTPUT, SETTINGS = "Input", "Output", "Settings"
AHEAD = "N|TIME"
DEFAULT_LEVEL, HIGHEST_LEVEL = 80, 98
FAN_LEVELS = (50, 80, 95)  # of a picture

# Text and flags only: see Command.get_params.
ModelFile = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="model file that train wrote", rich_help_panel=INPUT),
]
DataFile = Annotated[str, typer.Argument(metavar="DATA", help="CSV file", rich_help_panel=INPUT)]
Json = Annotated[
    bool, typer.Option("--json", help="one JSON document on stdout instead of text", rich_help_panel=OUTPUT)
]
Quiet = Annotated[
    bool, typer.Option("-q", "--quiet", help="print only the result and errors", rich_help_panel=OUTPUT)
]
Verbose = Annotated[
    bool,
    typer.Option("-v", "--verbose", help="show more: choices, figures, progress", rich_help_panel=OUTPUT),
]

RequireSkill = Annotated[
    str | None,
    typer.Option(
        metavar="X",
        help="smallest gain over the best baseline, 0.05 = 5 %; else exit 5 [none]",
        rich_help_panel="Gates",
    ),
]
Wait = Annotated[
    str | None,
    typer.Option(
        "--wait",
        metavar="TIME",
        help="wait this long for another run that writes this model: 90s, 10m [none]",
        rich_help_panel=OUTPUT,
    ),
]

# Of every command. They are eager where they say where to look for the others.
_Config = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="settings in TOML, over the user's own [lstmcast.toml, if it is there]",
        is_eager=True,
        rich_help_panel=SETTINGS,
    ),
]
_NoConfig = Annotated[
    bool,
    typer.Option(
        "--no-config",
        help="ignore settings files and LSTMCAST_ variables",
        is_eager=True,
        rich_help_panel=SETTINGS,
    ),
]
_LogJson = Annotated[
    bool,
    typer.Option("--log-json", help="log messages as JSON lines (stderr)", rich_help_panel=OUTPUT),
]
_Debug = Annotated[
    bool,
    typer.Option("--debug", help="show a bug's traceback", rich_help_panel=OUTPUT),
]
_Force = Annotated[
    bool,
    typer.Option(
        "--force",
        help="replace a file of another kind, which is refused otherwise",
        is_eager=True,  # said anew each time: neither environment nor file can set it
        rich_help_panel=OUTPUT,
    ),
]
_COMMON = {"config": _Config, "no_config": _NoConfig, "log_json": _LogJson, "debug": _Debug, "force": _Force}

_BY_NAME = inspect.Parameter.KEYWORD_ONLY
_METAVARS: dict[Any, str] = {
    bool: "",
    int: "N",
    float: "X",
    str: "TEXT",
    tuple[int, ...]: "N,N",
    tuple[str, ...]: "A,B",
}


def takes_options(
    function: Callable[..., None], fields: Sequence[dataclasses.Field[Any]] = dataclasses.fields(Options)
) -> Callable[..., None]:
    """Spell out a command's `**flags` as one typed parameter for each field of Options, or for these.

    Options stays the only place where a flag is declared: typer reads the parameters from the signature.
    """
    signature = inspect.signature(function, eval_str=True)
    named = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    firsts = [p for p in named if p.default is inspect.Parameter.empty]
    lasts = [p for p in named if p.default is not inspect.Parameter.empty]
    parameters = [*firsts, *map(_parameter, fields), *lasts]
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    function.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    function.__annotations__ = {p.name: p.annotation for p in parameters}
    return function


def takes_common_options(function: Callable[..., None]) -> Callable[..., None]:
    """A command with the options that all of them have, which it need not know of."""

    @functools.wraps(function)
    def command(**values: Any) -> None:
        own = {name: value for name, value in values.items() if name not in _COMMON}
        run.current().learn(
            {name.removeprefix("as_").replace("_", "-"): value for name, value in values.items()}
        )
        log.milestone("started", f"{function.__name__}, lstmcast {__version__}")
        if run.current().settings and not run.current().quiet:
            _tell_untrusted()
        if values.get("verbose"):
            _tell_settings()
        function(**own)
        log.milestone("done", function.__name__)

    signature = inspect.signature(function, eval_str=True)
    parameters = [p.replace(kind=_BY_NAME) for p in signature.parameters.values()]
    parameters += [
        inspect.Parameter(name, _BY_NAME, default=None if name == "config" else False, annotation=kind)
        for name, kind in _COMMON.items()
        if name != "force" or function.__name__ in OUTPUTS
    ]
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


def where_settings_stand(context: typer.Context) -> list[str]:
    """Return what was said of settings to a command, as words for another that it calls."""
    if context.params["no_config"]:
        return ["--no-config"]
    named = context.params["config"]
    return [] if named is None else ["--config", named]


def _tell_untrusted() -> None:
    """Warn of what is taken from a file of settings that may be by somebody else."""
    from lstmcast.cli.shell.settings import InFile

    places = {each.key: each.place for each in run.current().given() if isinstance(each.place, InFile)}
    doubted = {key: place for key, place in places.items() if place.doubt}
    for place in [*doubted.values()][:1]:
        message = f"{place.path} decides how the file is read ({', '.join(doubted)}), and {place.doubt}"
        log.tell(log.WARNING, "untrusted_settings", message, file=place.path)


def _tell_settings() -> None:
    """Log what was set other than by flags, and where."""
    for given in run.current().given():
        if given.place:
            log.tell(log.INFO, "setting", str(given), **given.place.where)


def takes_reading_options(
    function: Callable[..., None],
    target: str = "every column of numbers",
    without: Sequence[str] = ("holidays",),
) -> Callable[..., None]:
    """Spell out those options alone that say how a file is read, which can be done without a target.

    target: what it is when nobody names it; without: options that are left out.
    """
    groups = ("Data", "Reading")
    fields = [field for field in dataclasses.fields(Options) if field.metadata["group"] in groups]
    return takes_options(
        function, [_free_target(field, target) for field in fields if field.name not in without]
    )


def _free_target(field: dataclasses.Field[Any], target: str) -> dataclasses.Field[Any]:
    """Return the field; for the target, a copy with the word for what it is when nobody names it."""
    if field.name == "target":
        field = copy.copy(field)
        field.metadata = types.MappingProxyType({**field.metadata, "unset": target})
    return field


def options_from(flags: Mapping[str, Any]) -> Options:
    """Options from the words on the command line; raises UsageError for a word that is no number."""
    given = [field for field in dataclasses.fields(Options) if field.name in flags]
    return Options(**{field.name: _value(field, flags[field.name]) for field in given})


def whole_number(name: str, text: str | None, low: int, high: int) -> int | None:
    """The number behind a flag that is not in Options; raises UsageError where it is none or off limits."""
    if text is None:
        return None
    number: int = _number(name, text, int)
    if not low <= number <= high:
        message = f"{flag(name)} goes from {low:,} to {high:,}; got {number:,}"
        raise UsageError(message, option=flag(name))
    return number


def real_number(name: str, text: str | None, low: float, high: float) -> float | None:
    """The number behind a flag that is not in Options; raises UsageError where it is none or off limits."""
    if text is None:
        return None
    number: float = _number(name, text, float)
    if not low <= number <= high:
        message = f"{flag(name)} goes from {low:g} to {high:g}; got {text}"
        raise UsageError(message, option=flag(name))
    return number


def patience(text: str | None) -> float:
    """Seconds to wait for another run, none where nothing is said; raises UsageError for what is no duration."""
    return 0.0 if text is None else seconds(text, "--wait")


def parse_levels(text: str | None) -> tuple[int, ...]:
    """Bands in percent from a list such as `80,95`, rising; 80 when there is none. Raises UsageError."""
    if text is None:
        return (DEFAULT_LEVEL,)
    words = parse_names(text)
    if not words or not all(word.isdecimal() and 1 <= int(word) <= HIGHEST_LEVEL for word in words):
        raise UsageError(
            f"--level takes whole percents from 1 to {HIGHEST_LEVEL}, such as 80,95; got {text!r}",
            option="--level",
        )
    return tuple(sorted({int(word) for word in words}))


def parse_quantiles(text: str | None) -> tuple[float, ...]:
    """Quantiles from a list such as `0.05,0.95`, rising; none without one. Raises UsageError."""
    if text is None:
        return ()
    least = (100 - HIGHEST_LEVEL) / 200
    numbers = [_number("quantiles", word, float) for word in parse_names(text)]
    if not numbers or not all(least <= number <= 1 - least for number in numbers):
        raise UsageError(
            f"--quantiles takes numbers from {least:g} to {1 - least:g}, such as 0.05,0.5,0.95; got {text!r}",
            option="--quantiles",
        )
    return tuple(sorted(set(numbers)))


def meaning(field: dataclasses.Field[Any]) -> str:
    """An option's one-line meaning with its choices and what it is when not given."""
    said = [text for text in ("|".join(field.metadata["choices"]), default(field)) if text]
    return f"{field.metadata['meaning']} [{'; '.join(said)}]"


def default(field: dataclasses.Field[Any]) -> str:
    """An option's default in a word: `auto` is derived from the data."""
    if isinstance(field.default, bool):
        return "on" if field.default else "off"
    return str(field.metadata["unset"]) if field.default in (None, ()) else f"{field.default}"


@functools.cache
def _hints() -> dict[str, Any]:
    """The type of every option, by its name."""
    return typing.get_type_hints(Options)


def _kind(field: dataclasses.Field[Any]) -> Any:
    """An option's type without its None."""
    hint = _hints()[field.name]
    kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
    return kinds[0] if isinstance(hint, types.UnionType) else hint


def _parameter(field: dataclasses.Field[Any]) -> inspect.Parameter:
    kind, spelling = _kind(field), flag(field.name)
    option = typer.Option(
        f"{spelling}/--no-{spelling[2:]}" if kind is bool else spelling,
        help=meaning(field),
        show_default=False,
        metavar=AHEAD if field.name == "horizon" else _METAVARS[kind] or None,
        rich_help_panel=field.metadata["group"],
        autocompletion=_completer(field.metadata["choices"]),
    )
    read_as: Any = bool if kind is bool else str | None
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=field.default if kind is bool else None,
        annotation=Annotated[read_as, option],
    )


def _completer(choices: tuple[str, ...]) -> Callable[[str], list[str]] | None:
    if not choices:
        return None
    return lambda incomplete: [choice for choice in choices if choice.startswith(incomplete)]


def _value(field: dataclasses.Field[Any], word: Any) -> Any:
    """Return what a word says, in the type of its option."""
    kind = _kind(field)
    if word is None:
        return field.default
    if kind == tuple[int, ...]:
        return parse_numbers(field.name, word)
    if kind == tuple[str, ...]:
        return parse_names(word)
    if field.name == "horizon":
        return read_ahead(word)
    return _number(field.name, word, kind) if kind in (int, float) else word


def _number(name: str, word: str, kind: Callable[[str], Any]) -> Any:
    try:
        return kind(word)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise UsageError(f"{flag(name)} takes {wanted}; got {word!r}", option=flag(name)) from None
