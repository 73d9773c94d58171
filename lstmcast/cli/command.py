"""How a command parses and helps: words as they are, options by group, and at the end an example to paste."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from lstmcast.cli.streams import emit

_Base: Any = TyperCommand if TYPE_CHECKING else object


class _AsTyped:
    """Stands in for typer's converter of values, for which it loads pydantic: as long as all the rest."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value as it was typed."""
        return value


class _Plain(_Base):  # type: ignore[misc]
    """What commands and the group of them share."""

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
        """The words of the usage line; typer puts braces around what must be given."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

    def get_help(self, ctx: Any) -> str:
        """Print the help ourselves, since we know what to do about a closed stdout, and stop."""
        emit(super().get_help(ctx) + "\n")
        raise typer.Exit

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """The example as it is: a line that can be pasted is never wrapped."""
        formatter.write("\nExample:\n" + "".join(f"  {line}\n" for line in self.epilog.splitlines()))


class Command(_Plain, TyperCommand):
    """A command whose help is plain text (rich takes longer to load than everything else) in groups."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments and options below the heading of their group, in the order of their declaration."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                group = getattr(parameter, "rich_help_panel", None) or "Other"
                name, explained = record
                groups.setdefault(group, []).append((name.removesuffix(" <str>"), explained))
        for group, records in groups.items():
            with formatter.section(group):
                formatter.write_dl(records)


class Group(_Plain, TyperGroup):
    """The program itself: its commands, and examples."""
