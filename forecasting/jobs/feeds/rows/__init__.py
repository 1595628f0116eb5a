"""Rows of feeds: where they are read from, samples of them, and one reading of all."""
