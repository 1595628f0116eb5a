"""The sections of a report, in their order: each takes answers of its queries and says what they mean."""
