"""Demand forecasting and planning for telecom operators."""

__version__ = "0.1.0"
