"""The names by which settings that are no flags are found, and the words that switch one on."""

# No import up here that takes time: --version goes this way.

SETTINGS_FILE, PREFIX = "lstmcast.toml", "LSTMCAST_"
ON, OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
