"""The shell of every command: flags, settings, streams, signals, exit codes."""
