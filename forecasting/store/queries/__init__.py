"""Queries that others wrote, of analysts and of extracts: what they may read, and for how long."""
