"""The quality of forecasts: metrics, validation error, backtest, verdict, ledger, drift."""
