"""Forecasts beyond what a network answers at once: it goes on from its own answer, along several paths.

As Chronos-2 does it (Ansari et al. 2025): the context is continued with quantiles of the answer, the network answers
once more from each, and the next part of the forecast is the mixture of these answers. One path alone, the median,
would take what it has forecast itself for known, and intervals would not grow.
"""

import torch

from forecasting.models.foundation.levels import level_masses, level_matrix, mix_quantiles
from forecasting.models.foundation.networks import Network

PATHS = (0.1, 0.5, 0.9)
"""Levels of the quantiles that continue the context."""


def unroll(network: Network, past: torch.Tensor, known: torch.Tensor | None, *, length: int) -> torch.Tensor:
    """Quantiles (B, length, Q) at the network's levels, sorted.

    past: (B, context), NaN where unobserved; known: (B, context + length, F) covariates or None.
    """
    context, ahead, count = network.context, network.ahead, len(PATHS)
    if known is not None:
        # the last part may reach beyond the horizon, where nothing is known
        known = torch.nn.functional.pad(known, (0, 0, 0, -length % ahead), value=torch.nan)
    parts = [_part(network, past, known, begin=0)]
    to_paths = torch.from_numpy(level_matrix(network.levels, PATHS))
    shares = level_masses(PATHS).tolist()
    pasts = past.repeat_interleave(count, dim=0)
    for begin in range(ahead, length, ahead):
        continued = (parts[-1] @ to_paths).transpose(1, 2).reshape(-1, ahead)
        pasts = torch.cat([pasts, continued], dim=1)[:, -context:]
        repeated = None if known is None else known.repeat_interleave(count, dim=0)
        answers = _part(network, pasts, repeated, begin=begin).view(len(past), count, ahead, -1)
        parts.append(mix_quantiles(answers.transpose(1, 2), shares, network.levels))
    return torch.cat(parts, dim=1)[:, :length]


def _part(network: Network, past: torch.Tensor, known: torch.Tensor | None, *, begin: int) -> torch.Tensor:
    end = begin + network.context + network.ahead
    return network.answer(past, None if known is None else known[:, begin:end]).sort(dim=-1).values
