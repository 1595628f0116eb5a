"""Faults of measured history and demand behind lower bounds: lost data, stuck counters, spikes, shifts, censoring.

Nothing is changed in the lake: a panel marks what is set aside.
"""
