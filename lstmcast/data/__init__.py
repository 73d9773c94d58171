"""A Panel becomes windows: split, imputation, scaling, calendar, checks."""
