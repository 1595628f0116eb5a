"""Plans of staff: reading loads, planning, replays, explanation and export."""
