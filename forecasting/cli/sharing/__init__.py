"""Commands by which numbers leave the house."""
