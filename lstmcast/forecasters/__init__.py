"""Everything that answers windows: naive, ridge, network, logistic, their ensemble and their intervals."""
