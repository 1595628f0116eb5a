"""Tuning of neural members on a stream, from the weights of the package.

A budget of seconds is worth a fixed number of steps: the clock is never asked, so that equal panels and settings make
equal weights, on an idle machine and on a busy one. What is taken lies between the weights of the package and the
tuned ones (Wortsman et al. 2022, Robust fine-tuning of zero-shot models), as far as forecasts the newest windows best,
which were kept out; where tuning gains nothing there, nothing of it is taken.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting.errors import ModelError
from forecasting.models.features.history import choose_power
from forecasting.models.neural.dataset import WindowDataset, WindowLesson, make_lesson
from forecasting.models.neural.fitting import fit_windows, lesson_loss, training_arguments
from forecasting.models.neural.member import NeuralMember, house_member
from forecasting.models.neural.modules import Kind, Weights, build_model, load_weights, weights_of
from forecasting.models.neural.runtime import own_threads
from forecasting.models.neural.windows import Windows, draw_windows
from forecasting.panel.grid import Panel

logger = logging.getLogger(__name__)

BATCH = 32
"""Windows a step."""
STEP_SECONDS: dict[Kind, float] = {"nbeats": 0.015, "tft": 0.04}
"""What a step costs one core."""
MARGIN = 0.5
"""Share of the budget that steps are planned for, twice: other machines are slower, and busier."""
LEAST_STEPS, MOST_STEPS = 50, 200
MOST_PASSES = 10
"""Times that a window may be seen on average: more overfits short histories."""
MOST_WINDOWS, HELD_WINDOWS = 4_000, 400
"""Windows that are learned from, and that are judged on."""
LEAST_SEASONS = 6
"""Seasons of targets that are worth learning from: fewer teach a network dates."""
SHARES = (0.25, 0.5)
"""Shares of the tuned weights that are tried: whole ones gain most on the newest windows and lose most a month
later."""
LEAST_GAIN = 0.01
"""Gain on the newest windows, relative, from which on something is taken of the tuned weights: less is luck."""


@dataclass(frozen=True)
class Tuned:
    """A member, and how it came about."""

    member: NeuralMember
    share: float
    """Of the tuned weights; the rest is of the package."""
    steps: int
    gain: float
    """On the newest windows over the weights of the package, relative."""
    reason: str = ""
    """Why nothing was tuned."""


def affordable_steps(kind: Kind, *, budget: float) -> int:
    """Steps of each of two fits that are worth `budget` seconds on one core; 0 where these are too few to be of use."""
    steps = int(min(MARGIN * budget / 2 / STEP_SECONDS[kind], MOST_STEPS))
    return steps if steps >= LEAST_STEPS else 0


def tune(
    kind: Kind, panel: Panel, *, until: int, n_steps: int, seed: int, trainer: Mapping[str, Any] | None = None
) -> Tuned:
    """Tune on targets before the column `until`, the newest of which are kept out to judge by.

    trainer: Lightning's settings, such as accelerator, devices and strategy; one device of any kind unless given.
    Raises ModelError where loss or weights are not finite.
    """
    start = house_member(kind, power=choose_power(panel, until=until))
    held_from = until - max(panel.max_horizon, panel.season)
    if not n_steps:
        return Tuned(start, 0.0, 0, 0.0, "the budget is too small to tune it")
    if held_from < (1 + LEAST_SEASONS) * panel.season:
        return Tuned(start, 0.0, 0, 0.0, f"less than {LEAST_SEASONS} seasons to tune it on")
    rng = np.random.default_rng(seed)
    windows = draw_windows(panel, since=0, until=held_from, most=MOST_WINDOWS, rng=rng)
    newest = draw_windows(panel, since=held_from, until=until, most=max(HELD_WINDOWS, panel.n_series), rng=rng)
    if len(windows) < BATCH or not len(newest):
        return Tuned(start, 0.0, 0, 0.0, "too few intervals to tune it on")
    n_steps = min(n_steps, max(MOST_PASSES * len(windows) // BATCH, LEAST_STEPS))
    tuned = _fit(start, panel, windows, until=held_from, n_steps=n_steps, seed=seed, trainer=trainer)
    held = make_lesson(kind, panel, newest, until=until, power=start.power)
    share, gain = _choose_share(start, tuned, held)
    logger.info("%s: %d steps, share %.2f of them taken, gain %.3f", kind, n_steps, share, gain)
    return Tuned(_between(start, tuned, share), share, n_steps, gain)


def tune_again(
    kind: Kind, panel: Panel, first: Tuned, *, seed: int, trainer: Mapping[str, Any] | None = None
) -> NeuralMember:
    """A member that learns from the whole history, as much as was best on the part that was kept out before."""
    start = house_member(kind, power=choose_power(panel, until=panel.n_history))
    if not first.share:
        return start
    until = panel.n_history
    windows = draw_windows(panel, since=0, until=until, most=MOST_WINDOWS, rng=np.random.default_rng(seed))
    tuned = _fit(start, panel, windows, until=until, n_steps=first.steps, seed=seed, trainer=trainer)
    return _between(start, tuned, first.share)


def _fit(
    start: NeuralMember,
    panel: Panel,
    windows: Windows,
    *,
    until: int,
    n_steps: int,
    seed: int,
    trainer: Mapping[str, Any] | None,
) -> Weights:
    kind = start.kind
    lesson = make_lesson(kind, panel, windows, until=until, power=start.power)
    model = build_model(kind, seed=seed, **training_arguments(n_steps=n_steps, batch_size=BATCH))
    load_weights(model.model, weights_of(start.module), name=kind)
    order = np.random.default_rng(seed).integers(0, len(lesson), n_steps * BATCH)
    with own_threads(BATCH):
        fit_windows(model, WindowDataset(kind, model.model, lesson, order), settings=trainer or {})
    weights = weights_of(model.model)
    if not all(np.isfinite(value).all() for value in weights.values()):
        raise ModelError(f"{kind}: expected finite weights after training, found others; check the demand")
    return weights


def _choose_share(start: NeuralMember, tuned: Weights, held: WindowLesson) -> tuple[float, float]:
    """The share of the tuned weights that forecasts best, and its gain; 0 where it gains too little."""
    usual = lesson_loss(start, held)
    losses = [lesson_loss(_between(start, tuned, share), held) for share in SHARES]
    best = int(np.argmin(losses))
    gain = 1 - losses[best] / usual if usual > 0 else 0.0
    return (SHARES[best], gain) if gain >= LEAST_GAIN else (0.0, 0.0)


def _between(start: NeuralMember, tuned: Weights, share: float) -> NeuralMember:
    if not share:
        return start
    usual = weights_of(start.module)
    mixed = {name: (1 - share) * value + share * tuned[name] for name, value in usual.items()}
    module = build_model(start.kind).model
    load_weights(module, mixed, name=start.kind)
    return NeuralMember(start.kind, module.eval(), start.power)
