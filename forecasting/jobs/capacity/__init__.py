"""Plans of capacity: reading links, planning and explanation."""
