"""Jobs on the lake as a whole: queries, maintenance, and the check of an installation."""
