"""The names by which settings that are no flags are found, and the words that switch one on."""

# No import up here that takes time: --version goes this way.

SETTINGS_FILE, PREFIX = "lstmcast.toml", "LSTMCAST_"
ON, OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def folder_file(named: str | None = None) -> str:
    """The settings file that was named, by option or variable, else the one of the working directory."""
    import os

    return named or os.environ.get(f"{PREFIX}CONFIG") or SETTINGS_FILE


def user_file() -> str:
    """The settings file of the user, which holds wherever no other says otherwise; where it lies, the system says."""
    import os

    import typer

    return os.path.join(typer.get_app_dir("lstmcast"), SETTINGS_FILE)
