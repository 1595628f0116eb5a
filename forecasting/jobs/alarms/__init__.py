"""Checks of every origin, alarms that follow from them, answers of people, and notices to them."""
