"""The lake itself: how it is attached, opened, migrated, locked and asked, and the registry of its tables. What rows of a
table mean is in `store/tables`."""
