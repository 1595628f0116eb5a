"""Agents of pools and of groups with several skills, from the distribution of their load."""
