"""What leaves the house: the morning page, exports, copies for other programs."""
