"""Forecasts of streams that are too large for one panel, a block of series at a time."""
