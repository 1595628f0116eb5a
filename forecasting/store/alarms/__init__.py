"""What checks read from the lake, alarms on record, and the ways by which people are notified."""
