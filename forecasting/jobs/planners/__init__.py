"""What planners do with a published forecast."""
