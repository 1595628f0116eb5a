"""Feeds that other people's systems export: what the columns mean, found from the rows, and SQL that reads them."""
