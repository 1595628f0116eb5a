"""Plans as pure functions: queues, agents, shifts, replays and capacity. Nothing here reads or writes."""
