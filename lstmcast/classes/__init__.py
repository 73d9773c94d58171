"""Forecasts of classes: the probabilities of each over the horizon, beside the rooms for numbers."""
