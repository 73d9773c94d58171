"""What people in Python call: data of pandas in, forecasts of pandas out, by the rooms of the command line."""
