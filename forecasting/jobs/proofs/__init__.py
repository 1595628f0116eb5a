"""Proofs on a throw-away copy of a user's stream: no look-ahead, idempotence, empty windows."""
