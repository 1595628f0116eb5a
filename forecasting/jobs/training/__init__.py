"""Training of models, their contest with the champion, and the register. Members are defined in `models`."""
