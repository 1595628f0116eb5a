"""Shifts and rosters of a week that cover a requirement."""
