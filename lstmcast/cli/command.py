"""A command's help: options by group, each with its default, and at the end an example to paste."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from lstmcast.cli.console import emit


class Command(TyperCommand):
    """A command whose help is plain text (rich takes longer to load than everything else) in groups."""

    def get_help(self, ctx: Any) -> str:
        """Print the help by way of the console, which knows what to do about a closed stdout, and stop."""
        emit(super().get_help(ctx) + "\n")
        raise typer.Exit

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments and options below the heading of their group, in the order of their declaration."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                group = getattr(parameter, "rich_help_panel", None) or "Other"
                groups.setdefault(group, []).append(record)
        for group, records in groups.items():
            with formatter.section(group):
                formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """The example as it is: a line that can be pasted is never wrapped."""
        formatter.write("\nExample:\n" + "".join(f"  {line}\n" for line in (self.epilog or "").splitlines()))


class Group(TyperGroup):
    """The program itself: its commands and an example."""

    def get_help(self, ctx: Any) -> str:
        """Print the help as a command does."""
        emit(super().get_help(ctx) + "\n")
        raise typer.Exit

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """The example as it is."""
        formatter.write("\nExample:\n" + "".join(f"  {line}\n" for line in (self.epilog or "").splitlines()))
