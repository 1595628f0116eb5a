"""Plans beside the plan: what would be if."""
