"""The trees member: gradient-boosted quantile regression with LightGBM, and its training."""
