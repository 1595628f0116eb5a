"""What is already on its way: capacity that is ordered, and people who are rostered."""
