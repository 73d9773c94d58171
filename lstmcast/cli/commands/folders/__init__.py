"""Commands over a folder of models: each group by itself, one start and one report for all."""
