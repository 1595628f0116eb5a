"""Forecasts of streams that are too large for one panel, and the sums over their series."""
