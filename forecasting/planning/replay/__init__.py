"""Calls one by one against staff: the simulation that plans and formulas are checked by."""
