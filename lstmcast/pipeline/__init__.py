"""From a Panel to a Model: search, training, calibration, judgement; and refresh."""
