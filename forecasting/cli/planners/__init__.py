"""Commands by which planners correct what is forecast."""
