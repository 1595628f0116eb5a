"""The forecast of a stream from its members: evidence, weights, calibration, reconciliation and training. The members
themselves are in `models`; nothing here reads or writes files."""
