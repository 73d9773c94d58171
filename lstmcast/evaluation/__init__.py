"""How good forecasts are: metrics, validation error, backtest, verdict, ledger, drift."""
