"""Members that need no training: seasonal averages, and the cold start of series that are too young for them."""
