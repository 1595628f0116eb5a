"""What a TFT looks at in one forecast: its attention to the columns it reads, and the share of each group of inputs.

Attention is that of the module (Lim et al. 2021, section 4.4), averaged over its heads. In place of a network for the
selection of each input the module has one gated projection of all of them: the share of an input is the length of what
it brings through the gate, over that of all inputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from forecasting.models.influences import Influence, network_influences
from forecasting.models.neural.member import NeuralMember
from forecasting.models.neural.modules import JointSelection, as_input, run_module
from forecasting.models.neural.windows import AHEAD, CONTEXT, horizon_windows, read_windows
from forecasting.numerics import Floats64, Ints
from forecasting.panel.grid import Panel


@dataclass(frozen=True)
class TftLook:
    """Means over the columns that were asked for."""

    past: Floats64
    """(CONTEXT,) attention to each column before the origin, the oldest first."""
    ahead: float
    """Attention to the columns of the window that is forecast; with `past` it sums to one."""
    shares: Mapping[Influence, float]
    """Share of each group of inputs in the gated projection of the columns ahead; they sum to one."""


def look_at(member: NeuralMember, panel: Panel, columns: Ints) -> TftLook | None:
    """What a TFT looks at to forecast a panel of one series; columns: (C,) of the horizon, from 0. None for N-BEATS."""
    if member.kind != "tft" or not isinstance(member.module.decoder_vsn, JointSelection):
        return None
    windows = horizon_windows(panel, origin_columns=(panel.n_history,), length=panel.n_horizon)
    inputs = read_windows(panel, windows, power=member.power)
    given = as_input("tft", member.module, inputs)
    with torch.inference_mode():
        run_module(member.module, given)
        attention = member.module._attn_out_weights.numpy().astype(np.float64)
        shares = _shares(member.module.decoder_vsn, given.future_covariates).numpy().astype(np.float64)
    # (B, heads, AHEAD, CONTEXT + AHEAD), or the heads third
    attention = attention.mean(axis=1 if attention.shape[2] == AHEAD else 2)
    wanted = panel.n_history + np.asarray(columns)
    step = wanted[:, None] - windows.first[None]
    window = ((step >= 0) & (step < AHEAD)).argmax(axis=1)
    place = wanted - windows.first[window]
    seen, weight = attention[window, place].mean(axis=0), shares[window, place].mean(axis=0)
    groups = network_influences()
    by_group = {
        group: float(weight[[number for number, own in enumerate(groups) if own == group]].sum())
        for group in Influence
        if group in groups
    }
    return TftLook(seen[:CONTEXT], float(seen[CONTEXT:].sum()), by_group)


def _shares(selection: JointSelection, inputs: torch.Tensor) -> torch.Tensor:
    """(B, AHEAD, WIDTH) share of each input in what passes the gate. inputs: (B, AHEAD, WIDTH) standardised."""
    weight, gate = selection.project.weight.chunk(2, dim=0)
    width = weight.shape[0]
    gates = torch.sigmoid(inputs @ gate.T + selection.project.bias[width:])
    # the length of a vector times a number: |x| * sqrt(sum over outputs of (weight * gate)^2)
    brought = inputs.abs() * ((gates**2) @ (weight**2)).sqrt()
    return brought / brought.sum(dim=-1, keepdim=True).clamp_min(1e-12)
