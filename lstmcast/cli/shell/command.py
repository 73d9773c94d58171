"""The parsing and help of a command: words as they are, options by group, at the end an example to paste."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

from lstmcast.cli.shell import help, outputs, run
from lstmcast.cli.shell.streams import emit
from lstmcast.core.errors import LstmcastError, UsageError

if TYPE_CHECKING:
    from lstmcast.cli.shell.settings import Given, Setting, Settings

_Base: Any = TyperCommand if TYPE_CHECKING else object


class _AsTyped:
    """Stands in for typer's converter of values, for which it loads pydantic: as long as all the rest."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value as it was typed."""
        return value


class Plain(_Base):  # type: ignore[misc]
    """The part that commands and the group of them share."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, none of them converted.

        We declare text and flags only and read numbers ourselves, so nothing but time is lost should a
        version of typer not look at this attribute.
        """
        parameters: list[Any] = super().get_params(ctx)
        for parameter in parameters:
            parameter._runtime_param = _AsTyped()
        return parameters

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The words of the usage line, typer's braces and hidden arguments left out."""
        return [
            piece.replace("{", "").replace("}", "")
            for piece in super().collect_usage_pieces(ctx)
            if piece.strip("{}[] ")
        ]

    def get_help(self, ctx: Any) -> str:
        """Print the help ourselves: wrapped at words only, with an example that can be pasted; then stop."""
        lines = help.wrapped(
            " ".join(["Usage:", ctx.command_path, *self.collect_usage_pieces(ctx)]), "", "  "
        )
        lines += ["", *help.paragraphs(self.help or ""), *self.help_sections(ctx)]
        lines += help.section("Example", [f"  {line}" for line in self.epilog.splitlines()])
        emit("\n".join([*lines, *self.help_ending(ctx)]).rstrip() + "\n")
        raise typer.Exit

    def help_sections(self, ctx: Any) -> list[str]:
        """Return what stands between the description and the example."""
        return self.option_sections(ctx)

    def help_ending(self, ctx: Any) -> list[str]:
        """Return what stands below the example: where to read on."""
        return [f"Read on: lstmcast guide {self.topic}"] if getattr(self, "topic", None) else []

    def option_sections(self, ctx: Any) -> list[str]:
        """Arguments and options below the heading of their group, in the order of their declaration."""
        groups: dict[str, list[help.Row]] = {}
        for group, name, meaning in self.records(ctx):
            groups.setdefault(group, []).append((name, meaning))
        return [line for group, pairs in groups.items() for line in help.section(group, help.rows(pairs))]

    def records(self, ctx: Any, only: Collection[str] = ()) -> Iterator[tuple[str, str, str]]:
        """Group, spelling and meaning of each argument and option; only: the long flags that are shown, all if none."""
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            flags = {flag.removeprefix("--") for flag in parameter.opts}
            is_shown = parameter.param_type_name == "argument" or not only or flags & {*only}
            if record is not None and is_shown:
                group = getattr(parameter, "rich_help_panel", None) or "Other"
                yield group, re.sub(r" <[^>]+>$|<[^>]+>$", "", record[0]), record[1]


class Command(Plain, TyperCommand):
    """A command whose options can be set by flag, by environment and by file.

    Its help is plain text (rich takes longer to load than everything else) in groups. essentials: the flags that a
    short help shows, all if none; topic: of the guide, to read on.
    """

    essentials: tuple[str, ...] = ()
    topic: str | None = None

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the flags; what none of them says is looked up in environment and file."""
        ctx.default_map = _Defaults(ctx)
        try:
            self._refuse_half_a_list(ctx, args)
            rest: list[str] = super().parse_args(ctx, args)
        except LstmcastError:
            raise
        except Exception as error:  # a usage error: it is told as environment and file ask for
            if not isinstance(error, typer.Exit):
                ctx.default_map.teach()
            raise
        run.current().given = lambda: tuple(_given(self, ctx))
        return rest

    def _refuse_half_a_list(self, ctx: Any, args: list[str]) -> None:
        """Raise UsageError for a list that is given in two options, of which the second alone would count."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for parameter in order:
            several = parameter.metavar or ""
            if "," in several and not parameter.multiple and order.count(parameter) > 1:
                flag = parameter.opts[0]
                message = f"{flag} is given twice, and the last alone would count; name all in one: {flag} {several}"
                raise UsageError(message, option=flag)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error says where the value it speaks of was set."""
        run.current().model, run.current().is_training = ctx.params.get("model"), self.name == "train"
        try:
            outputs.refuse(self.name or "", ctx.params)
            return super().invoke(ctx)
        except UsageError as error:
            error.args = (_with_places(str(error)),)
            raise

    def help_sections(self, ctx: Any) -> list[str]:
        """All options, or those that most people need, where the command has many and `--help-all` was not said."""
        if run.current().help_all or not self.essentials:
            return self.option_sections(ctx)
        pairs = [(name, meaning) for _, name, meaning in self.records(ctx, self.essentials)]
        hidden = len(_settable(self)) - len(self.essentials)
        pairs.append(("--help-all", f"all options: {hidden} more"))
        return help.section("Common options", help.rows(pairs))


class _Defaults:
    """The options' values where no flag says them; environment and file are read when one is first asked for.

    So `--help`, which is answered before, neither waits for them nor fails with them.
    """

    def __init__(self, ctx: Any) -> None:
        self._ctx = ctx
        self._keys = {parameter.name: _key(parameter) for parameter in _settable(ctx.command)}

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a parameter, as its flag would take it."""
        setting = self.setting(name)
        if setting is None:
            return default
        from lstmcast.cli.shell.settings import refuse_untrusted

        refuse_untrusted(self._keys[name], setting)
        return setting.value

    def setting(self, name: str) -> Setting | None:
        """Return the value of a parameter with its place; None where nothing sets it."""
        is_one = name in self._keys and not self._ctx.resilient_parsing
        return self._settings().get(self._ctx.command.name, {}).get(self._keys[name]) if is_one else None

    def teach(self) -> None:
        """Tell the run how to speak, as far as environment and file can be read."""
        from contextlib import suppress

        with suppress(LstmcastError):
            found = self._settings().get(self._ctx.command.name, {})
            run.current().learn({key: setting.value for key, setting in found.items()})

    def _settings(self) -> Settings:
        this_run, given = run.current(), self._ctx.params
        is_asked = this_run.settings is None and not given.get("no_config")
        if is_asked and this_run.has_settings(given.get("config")):
            from lstmcast.cli.shell.settings import read

            kinds = Takes(self._ctx.parent.command.commands)
            this_run.settings = read(kinds, given.get("config"), os.environ)
        return this_run.settings or {}


class Takes(Mapping[str, Mapping[str, str]]):
    """The values that each command's options take; commands are loaded only for something to look up."""

    def __init__(self, commands: Mapping[str, Command]) -> None:
        self._commands = commands

    def __getitem__(self, name: str) -> dict[str, str]:
        """Return what a command's options take, by their keys: a metavar, nothing for a switch."""
        options = _settable(self._commands[name])
        return {_key(option): "" if option.is_flag else option.metavar or "TEXT" for option in options}

    def __iter__(self) -> Iterator[str]:
        """The commands' names."""
        return iter(self._commands)

    def __len__(self) -> int:
        """Return how many commands there are."""
        return len(self._commands)


def _settable(command: Any) -> list[Any]:
    """The options that environment and file can set: all but those that say where to look."""
    return [
        parameter
        for parameter in command.params
        if parameter.param_type_name == "option" and not parameter.is_eager
    ]


def _key(parameter: Any) -> str:
    """An option's name for those who set it: its long flag without dashes."""
    return str(max(parameter.opts, key=len)).removeprefix("--")


def _given(command: Any, ctx: Any) -> Iterator[Given]:
    """Every option that was set, and where."""
    from lstmcast.cli.shell.settings import Given

    for parameter in _settable(command):
        source = ctx.get_parameter_source(parameter.name)
        setting = ctx.default_map.setting(parameter.name)
        if source.name == "COMMANDLINE":
            yield Given(_key(parameter), ctx.params[parameter.name])
        elif setting is not None:
            yield Given(_key(parameter), setting.value, setting.place)


def _with_places(message: str) -> str:
    """A message with the places where the options that it names were set, if not on the command line."""
    named = set(re.findall(r"--([a-z][a-z-]*)", message))
    places = [
        f"--{given.key} is set in {given.place}"
        for given in run.current().given()
        if given.place and given.key in named
    ]
    return f"{message} ({'; '.join(places)})" if places else message
