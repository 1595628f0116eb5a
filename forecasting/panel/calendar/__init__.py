"""Local time: the grid of intervals, holidays, opening hours and open time. All conversions between zones are here."""
