"""History and horizon of a stream as arrays on a regular grid, as known at an origin, with covariates and groups.

The lake is read in store/, features of a single model are made in models/features.
"""
