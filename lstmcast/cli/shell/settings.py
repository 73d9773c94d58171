"""Settings that are no flags: files `lstmcast.toml` and variables LSTMCAST_*, each value with its place."""

from __future__ import annotations

import dataclasses
import functools
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from lstmcast.cli.shell.environment import OFF, ON, PREFIX, user_file
from lstmcast.cli.shell.environment import SETTINGS_FILE as FILE
from lstmcast.core.errors import UsageError
from lstmcast.core.options import Options, flag, write_names
from lstmcast.core.place import Place

LARGEST = 1_000_000  # bytes
COMMAND_LINE = "command line"
EVERY = ""  # the scope of a key that holds for every command

# Options of every command by name without dashes, and what each takes: its metavar, SWITCH for those without a value.
Kinds = Mapping[str, Mapping[str, str]]
SWITCH = ""

_WANTED: dict[str, tuple[str, tuple[type, ...]]] = {
    SWITCH: ("true or false", ()),
    "N": ("a whole number such as 24", (int,)),
    "X": ("a number such as 0.5", (int, float)),
    "N,N": ("a list of whole numbers such as [24, 168]", (int,)),
    "X,X": ("a list of numbers such as [0.05, 0.95]", (int, float)),
    "A,B": ('a list of names such as ["a", "b"]', (str, int, float)),
}
_TEXT = 'text in quotes such as "load"', (str, int, float, date, time)  # val = 0.2 and test = 2012-05-01, too


@dataclass(frozen=True)
class InFile:
    """The place where a key stands in a file."""

    path: str
    text: str
    keys: tuple[str, ...]
    doubt: str | None = None  # why somebody else may have written it, where nobody named the file

    def __str__(self) -> str:
        """The file and, where it can be told, the line."""
        return str(self.place)

    @property
    def place(self) -> Place:
        """The file and, where it can be told, the line, with their fields."""
        line = self._line()
        return Place(self.path if line is None else f"{self.path}, line {line}", file=self.path, line=line)

    @property
    def where(self) -> Mapping[str, str | int]:
        """The fields alone, for a program."""
        return self.place.fields

    def _line(self) -> int | None:
        """The line in which the value begins: before it the file can be read without the key, and after it with it."""
        lines = self.text.split("\n")
        for i, line in enumerate(lines):
            if self.keys[-1] in line and self._is_in(lines[:i]) is False:
                wholes = (self._is_in(lines[: end + 1]) for end in range(i, len(lines)))
                if next((whole for whole in wholes if whole is not None), False):
                    return i + 1
        return None

    def _is_in(self, lines: list[str]) -> bool | None:
        """Return True where these lines hold the key; None where they end in the middle of a value."""
        import tomllib

        try:
            value: Any = tomllib.loads("\n".join(lines))
        except ValueError:
            return None
        for key in self.keys:
            if not isinstance(value, dict) or key not in value:
                return False
            value = value[key]
        return True


@dataclass(frozen=True)
class InEnvironment:
    """The variable that sets a value."""

    name: str
    where: Mapping[str, str | int] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        """Its name."""
        return self.name


@dataclass(frozen=True)
class Setting:
    """A value as its flag would take it (True or False for a switch), and where it stands."""

    value: str | bool
    place: InFile | InEnvironment


@dataclass(frozen=True)
class Given:
    """An option that was set: its key, its value, and where it stands if not on the command line."""

    key: str
    value: str | bool
    place: InFile | InEnvironment | None = None

    def __str__(self) -> str:
        """Return what was set, and where."""
        value = self.value if isinstance(self.value, str) else str(self.value).lower()
        return f"{self.key} = {value} ({self.place or COMMAND_LINE})"

    def record(self) -> dict[str, str | bool]:
        """Return the setting for a JSON document."""
        return {"option": self.key, "value": self.value, "from": str(self.place or COMMAND_LINE)}


Settings = Mapping[str, Mapping[str, Setting]]
NAMES_FILES, LIFTS_LIMITS = ("holidays", "exclude"), ("max-unpacked",)
Entry = tuple[str, str, Setting]  # scope, key, and what is set


def read(kinds: Kinds, config: str | None, environment: Mapping[str, str]) -> Settings:
    """All settings by command and option: a variable wins over a file, then the narrower scope over the wider.

    config: the file, None for LSTMCAST_CONFIG or else FILE in the working directory, if it is there; it wins over the
    user's own. Raises UsageError for what is no option, of a wrong type or cannot be read.
    """
    of_user = _from_file(kinds, user_file(), is_named=False)
    named = config or environment.get(f"{PREFIX}CONFIG") or None
    in_file = _from_file(kinds, named or FILE, is_named=named is not None)
    found: dict[str, dict[str, Setting]] = {command: {} for command in kinds}
    for layer in (of_user, in_file, _from_environment(kinds, environment)):
        for scope, key, setting in sorted(layer, key=lambda entry: entry[0] != EVERY):
            for command in _commands(kinds, scope, key):
                found[command][key] = setting
    return found


def _commands(kinds: Kinds, scope: str, key: str) -> list[str]:
    """The commands within a scope that have an option."""
    return [command for command in kinds if scope in (EVERY, command) and key in kinds[command]]


def _from_environment(kinds: Kinds, environment: Mapping[str, str]) -> Iterator[Entry]:
    """Settings in variables; an empty one counts as not set."""
    ours = {variable: text for variable, text in environment.items() if variable.startswith(PREFIX) and text}
    ours.pop(f"{PREFIX}CONFIG", None)
    names = {_variable(scope, key): (scope, key) for scope, key in _keys(kinds)} if ours else {}
    for variable, text in ours.items():
        if variable not in names:
            raise UsageError(f"{variable} is no setting of lstmcast{nearest(variable, names, 'unset it')}")
        scope, key = names[variable]
        is_switch = _kind(kinds, scope, key) == SWITCH
        yield scope, key, Setting(_switched(variable, text) if is_switch else text, InEnvironment(variable))


def _keys(kinds: Kinds) -> Iterator[tuple[str, str]]:
    """Scope and name of all there is to set."""
    for command, options in kinds.items():
        for key in options:
            yield EVERY, key
            yield command, key


def _variable(scope: str, key: str) -> str:
    return PREFIX + "_".join(part for part in (scope, key) if part).replace("-", "_").upper()


def _switched(variable: str, text: str) -> bool:
    if text.lower() not in (*ON, *OFF):
        raise UsageError(f"{variable} takes true or false; got {text!r}")
    return text.lower() in ON


def _from_file(kinds: Kinds, name: str, *, is_named: bool) -> Iterator[Entry]:
    """Settings in the file: keys above the tables for every command, and a table for each command."""
    text, doubt = _text(name, is_named=is_named)
    found: set[tuple[str, str]] = set()
    for keys, value in _leaves(kinds, _parsed(name, text)):
        place = InFile(name, text, keys, doubt)
        entry = _entry(kinds, keys, value, place)
        if entry[:2] in found:
            raise _refusal(
                place, f"{entry[1]} stands twice, once with a hyphen and once without; take one out"
            )
        found.add(entry[:2])
        yield entry


def _text(name: str, *, is_named: bool) -> tuple[str, str | None]:
    """The text of the file, and why it is not trusted; empty where nobody named it and it is not there."""
    if name == os.devnull:
        return "", None
    try:
        status = os.stat(name)
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            raise UsageError(f"{name}: is no file of at most 1 MB; name a TOML file with --config", file=name)
        with open(name, encoding="utf-8", newline="") as file:
            return file.read(), None if is_named else why_untrusted(name)
    except (FileNotFoundError, NotADirectoryError):
        if not is_named:
            return "", None
        raise UsageError(f"{name}: no such file; name a TOML file with --config", file=name) from None
    except UnicodeDecodeError:
        raise UsageError(f"{name}: is not UTF-8; save it as UTF-8", file=name) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{name}: cannot be read ({reason}); see to its permissions", file=name) from None


def why_untrusted(file: str) -> str | None:
    """Return why a file that nobody named, or the link to it, may be by somebody else; None if it is not."""
    from lstmcast.persistence import system

    link = os.lstat(file)
    if stat.S_ISLNK(link.st_mode) and system.is_foreign(link):
        return "somebody else made the link"
    return system.why_untrusted(os.stat(file))


@functools.cache
def harmless() -> frozenset[str]:
    """The options that an untrusted file may set: how DATA are read, and nothing that names a file or lifts a limit."""
    fields = (each for each in dataclasses.fields(Options) if each.metadata["group"] in ("Data", "Reading"))
    return frozenset(flag(each.name)[2:] for each in fields) - {*NAMES_FILES, *LIFTS_LIMITS}


def refuse_untrusted(key: str, setting: Setting) -> None:
    """Raise UsageError where a file that may be by somebody else sets what it must not."""
    place = setting.place
    if isinstance(place, InFile) and place.doubt and key not in harmless():
        raise _refusal(
            place,
            f"{key} is not taken from a file that nobody named: {place.doubt}; `--config {place.path}` trusts it, "
            "--no-config ignores it",
        )


def _parsed(name: str, text: str) -> dict[str, Any]:
    if not text:
        return {}
    import tomllib  # only here and for a line: most runs have no such file

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name}: is not TOML: {error}; write one `key = value` a line", file=name) from None


def _leaves(kinds: Kinds, document: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key with its value, those in a command's table behind its name."""
    for name, value in document.items():
        if name in kinds and isinstance(value, dict):
            yield from (((name, key), inner) for key, inner in value.items())
        else:
            yield (name,), value


def _entry(kinds: Kinds, keys: tuple[str, ...], value: Any, place: InFile) -> Entry:
    scope, key = keys[0] if len(keys) > 1 else EVERY, keys[-1].replace("_", "-")
    if not _commands(kinds, scope, key):
        raise _refusal(place, _unknown(kinds, scope, key))
    return scope, key, Setting(_as_typed(_kind(kinds, scope, key), key, value, place), place)


def _unknown(kinds: Kinds, scope: str, key: str) -> str:
    """Return what is wrong with a key that no option has."""
    if scope == EVERY and key in kinds:
        return f"{key} is a command; its options stand in a table [{key}]"
    names = kinds[scope] if scope else {key for options in kinds.values() for key in options} | set(kinds)
    meant = nearest(key, names, f"see `lstmcast {scope or 'train'} --help`")
    return f"{key!r} is no option of {scope or 'any command, and no command'}{meant}"


def nearest(name: str, names: Iterable[str], otherwise: str) -> str:
    """The end of a message about a name that is not known: the nearest, or what to do."""
    import difflib  # only for a mistake

    like = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {like[0]}?" if like else f"; {otherwise}"


def _kind(kinds: Kinds, scope: str, key: str) -> str:
    """Return what an option takes; those of one name take the same in every command."""
    return kinds[_commands(kinds, scope, key)[0]][key]


def _as_typed(kind: str, key: str, value: Any, place: InFile) -> str | bool:
    """A TOML value as its flag takes it; raises UsageError where it is of another type."""
    wanted, types = _WANTED.get(kind, _TEXT)
    if kind == SWITCH and isinstance(value, bool):
        return value
    values = value if isinstance(value, list) and "," in kind else [value]
    if not all(isinstance(one, types) and not isinstance(one, bool) for one in values):
        raise _refusal(place, f"{key} takes {wanted}; got {_told(value)}")
    words = [one.isoformat() if isinstance(one, date | time) else str(one) for one in values]
    return write_names(words) if "," in kind else words[0]


def _told(value: Any) -> str:
    """A value of a wrong type, in a message."""
    if isinstance(value, dict):
        return "a table"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _refusal(place: InFile, message: str) -> UsageError:
    return UsageError.at(place.place, message)
