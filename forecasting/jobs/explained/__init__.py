"""Why a published forecast is what it is, and why it changed since the one before."""
