"""The lake itself: how it is attached, opened, migrated, locked and asked, and the registry of its tables.

What the rows of a table mean is in `store/tables`.
"""
