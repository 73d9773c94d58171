"""Closed-form linear forecasters: the baseline to beat, and what the network starts from."""
