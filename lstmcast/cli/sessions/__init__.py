"""The work with files that several commands share: reading for a model, checkpoints, nights."""
