"""One run of the program: how it was told to speak, and what it was told other than by flags."""

# No import up here that takes time: --version goes this way.

from __future__ import annotations

import os

from lstmcast.cli.shell.environment import ON, PREFIX, SETTINGS_FILE, user_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lstmcast.cli.shell.settings import Given, Settings


class Run:
    """The facts that every part of the command line may ask about this run.

    as_json, log_json, quiet, debug: set by flag, environment or file; given: looks up every option that was set and
    where; settings: file and environment of all commands, None until they are read; model: the file that is in use,
    if the command uses one; is_training: whether it makes one.
    """

    def __init__(self, arguments: list[str]) -> None:
        self.as_json = _is_set("--json", arguments)
        self.log_json = _is_set("--log-json", arguments)
        self.debug = _is_set("--debug", arguments)
        self.quiet = False
        self.help_all = "--help-all" in arguments
        self.given: Callable[[], tuple[Given, ...]] = tuple
        self.settings: Settings | None = None
        self.model: str | None = None
        self.is_training = False
        self._is_anything_set: bool | None = None

    def has_settings(self, file: str | None) -> bool:
        """Return True where anything sets options besides flags; file: the one that was named."""
        if self._is_anything_set is None:  # once: every option of a command asks
            self._is_anything_set = _is_anything_set()
        return file is not None or self._is_anything_set

    def learn(self, switches: Mapping[str, object]) -> None:
        """Take over how to speak from the values of a command's switches, or of its settings."""
        self.as_json |= switches.get("json") is True
        self.log_json |= switches.get("log-json") is True
        self.quiet |= switches.get("quiet") is True
        self.debug |= switches.get("debug") is True


def _is_set(flag: str, arguments: list[str]) -> bool:
    """Return True where a flag seems set before parsing; the boundary must know it even if parsing fails."""
    variable = PREFIX + flag[2:].replace("-", "_").upper()
    return flag in arguments or os.environ.get(variable, "").lower() in ON


def _is_anything_set() -> bool:
    """Return True where the environment, or a file where one is looked for, sets options."""
    is_in_environment = any(name.startswith(PREFIX) for name in os.environ)
    return is_in_environment or os.path.lexists(SETTINGS_FILE) or os.path.lexists(user_file())


_run = Run([])


def begin(arguments: list[str]) -> Run:
    """A new run takes the place of the one before."""
    global _run
    _run = Run(arguments)
    return _run


def current() -> Run:
    """The run that is going on."""
    return _run
