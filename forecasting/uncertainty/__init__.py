"""Joint sample paths and what is read from them: dependence, reconciliation, aggregates, calibration of quantiles.

Point and quantile forecasts are made in models/ and combined in ensemble/; nothing here knows a model or the lake.
"""
