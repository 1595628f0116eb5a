"""Capacity of links: run-out days, orders and failures of parallel links, from sample paths of their peaks."""
