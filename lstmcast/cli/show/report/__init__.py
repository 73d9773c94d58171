"""The report of a model on a file: one page, section by section."""
