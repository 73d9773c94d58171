"""What several commands do with files: reading for a model, checkpoints, nights."""
