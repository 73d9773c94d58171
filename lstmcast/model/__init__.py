"""A trained Model: it predicts, it falls back, and it knows what it expects of a file."""
