"""The calls for people in Python: data of pandas in, forecasts of pandas out, by the command line's rooms."""
