"""Pretrained public models (Chronos-2, TimesFM 2.5, TiRex-2) as a member, from weights on this machine alone."""
