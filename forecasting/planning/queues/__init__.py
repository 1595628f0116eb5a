"""Queueing formulas: Erlang A, B and C, and the probability that one interval meets its target."""
