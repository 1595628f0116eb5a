"""Forecasts that are longer than what a network answers at once, of networks whose answers are known."""

from types import SimpleNamespace

import numpy as np
import torch
from scipy.special import ndtri

from forecasting.models.foundation.unrolling import unroll
from tests.checkpoints import DECILES

CONTEXT, AHEAD = 12, 4


class Walk:
    """A random walk's own forecast: the newest value, and deviations that grow with the root of the steps ahead."""

    levels, context, ahead = tuple(DECILES), CONTEXT, AHEAD

    def __init__(self) -> None:
        self.calls: list[SimpleNamespace] = []

    def answer(self, past: torch.Tensor, known: torch.Tensor | None) -> torch.Tensor:
        self.calls.append(SimpleNamespace(past=past.clone(), known=known))
        deviation = torch.arange(1.0, AHEAD + 1).sqrt()[:, None] * torch.from_numpy(ndtri(DECILES)).float()
        return past[:, -1, None, None] + deviation


def test_a_short_forecast_is_the_networks_answer():
    walk, past = Walk(), torch.rand(3, CONTEXT)
    forecast = unroll(walk, past, None, length=3)
    torch.testing.assert_close(forecast, Walk().answer(past, None)[:, :3])
    assert len(walk.calls) == 1


def test_quantiles_that_cross_are_put_in_order():
    crossing = SimpleNamespace(context=CONTEXT, ahead=AHEAD, levels=tuple(DECILES))
    crossing.answer = lambda past, known: Walk().answer(past, known).flip(-1)
    for length in (AHEAD, 2 * AHEAD):
        forecast = unroll(crossing, torch.zeros(1, CONTEXT), None, length=length)
        torch.testing.assert_close(forecast, unroll(Walk(), torch.zeros(1, CONTEXT), None, length=length))


def test_intervals_go_on_growing_beyond_the_first_answer():
    walk = Walk()
    forecast = unroll(walk, torch.zeros(1, CONTEXT), None, length=16)[0].numpy()
    assert forecast.shape == (16, 9)
    width = forecast[:, 8] - forecast[:, 0]
    wanted = 2 * 1.2816 * np.sqrt(np.arange(1, 17))
    # three paths are a coarse picture of what may come: a tenth of the true width apart
    np.testing.assert_allclose(width, wanted, rtol=0.12)
    assert (np.diff(width) > 0).all()
    np.testing.assert_allclose(forecast[:, 4], 0, atol=1e-5)


def test_each_part_reads_the_newest_columns_and_its_own_covariates():
    walk, past = Walk(), torch.arange(1.0, CONTEXT + 1)[None]
    known = torch.arange(CONTEXT + 10.0)[None, :, None]
    unroll(walk, past, known, length=10)
    _, second, third = walk.calls
    torch.testing.assert_close(second.past[:, : CONTEXT - AHEAD], past[:, AHEAD:].repeat(3, 1))
    assert [call.known.shape[1] for call in walk.calls] == [CONTEXT + AHEAD] * 3
    assert [float(call.known[0, 0, 0]) for call in walk.calls] == [0, AHEAD, 2 * AHEAD]
    # nothing is known beyond the horizon
    assert third.known[0, -2:].isnan().all()
    assert third.known[0, :-2].isfinite().all()
