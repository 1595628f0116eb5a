"""The network: one row in, seven quantiles out."""

from typing import Any

import torch
from torch import nn

from forecasting.models.pretrained.inputs import WIDTH
from forecasting.terms import QUANTILES

BLOCKS = 2
START = (-1.3, -1.0, -0.6, 0.0, 0.6, 1.0, 1.3)
"""Quantiles before any training, in units of the noise."""
FAR = 6.0
"""Standard deviations beyond which an input says nothing more."""


class RowNetwork(nn.Module):
    """Two residual blocks on standardised inputs (He et al. 2016, Deep residual learning); all quantiles at once."""

    center: torch.Tensor
    spread: torch.Tensor

    def __init__(self, *, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("center", torch.zeros(WIDTH))
        self.register_buffer("spread", torch.ones(WIDTH))
        self.enter = nn.Linear(WIDTH, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                *(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, width))
            )
            for _ in range(BLOCKS)
        )
        self.leave = nn.Linear(width, len(QUANTILES))
        nn.init.zeros_(self.leave.weight)
        self.leave.bias.data = torch.tensor(START)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(R, 7) quantiles of demand less the base, in units of the noise; inputs: (R, WIDTH)."""
        scaled: Any = ((inputs - self.center) / self.spread).clamp(-FAR, FAR)
        hidden = self.enter(torch.asinh(scaled))
        for block in self.blocks:
            hidden = hidden + block(hidden)
        quantiles: torch.Tensor = self.leave(nn.functional.gelu(hidden))
        return quantiles
