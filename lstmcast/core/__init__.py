"""The nouns that all rooms speak of: the clock, the panel and the forecast, options, errors, findings."""
