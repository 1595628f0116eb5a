"""The card of pretrained weights: scored on generated panels that no network learned from.

A panel is forecast twice: after its first two weeks, as the first forecast of a stream is, and from the start of its
last two. Losses are twice the mean pinball loss over the mean change of a series from one week to the next (scaled
quantile loss), beside those of the mean of the last four weeks. The factors of the first forecast are learned as those
of a stream are (`uncertainty/conformal.py`); what they do is judged on the panels that they did not learn from.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load

from forecasting.models.features.days import LEADS, index_days, lead_cells
from forecasting.models.features.history import choose_power
from forecasting.models.member import Member
from forecasting.models.neural.member import rebuild_neural
from forecasting.models.neural.modules import KINDS, Kind
from forecasting.models.pretrained.card import CARD, CELLS, INTERVALS
from forecasting.models.pretrained.member import WEIGHTS, PretrainedMember, make_networks
from forecasting.models.seasonal.member import last_four
from forecasting.numerics import Floats32, Floats64, Ints
from forecasting.panel.grid import Panel, cut_panel
from forecasting.pretraining import worlds
from forecasting.quantiles import pinball
from forecasting.terms import MEDIAN, QUANTILES
from forecasting.uncertainty.conformal import learn_factors, widen

SEED = (0, 2)
"""Of the judges, before their number; training begins with its own seed and 0, its judges with 0 and 1."""
JUDGES, SERIES, VALUES = 64, 16, 60_000
"""Generated panels, most series of each and most values."""
FIRST_WEEKS, FIRST_AHEAD, LAST_AHEAD = 2, 4, 2
"""Weeks before the first forecast, and weeks ahead of it and of the last one."""
BUSY = 5.0
"""Median above which coverage is judged: intervals of rarer counts hold more than they say by nature."""
FIRST, LAST = "after two weeks", "two weeks before the end"


@dataclass(frozen=True)
class Judgement:
    """One forecast of one panel: losses, and R busy rows for its coverage."""

    loss: tuple[float, float]
    """Of the networks and of the last four weeks, on the series that both forecast."""
    y: Floats32
    """(R,)"""
    quantiles: Floats32
    """(R, 7)"""
    lead: Ints
    """(R,) cell of days ahead."""
    series: Ints
    """(R,) of the panel."""
    day: Ints
    """(R,) of the panel."""


def make_card(weights: Path, *, judges: int = JUDGES) -> dict[str, Any]:
    """The card of a file of weights. What its training was like is in the file itself, if it is anywhere."""
    networks = make_networks(load(weights.read_bytes()))
    found = [judge_world(partial(PretrainedMember, networks), number) for number in range(judges)]
    first = [one[FIRST] for one in found]
    factors = _factors(first)
    halves = [(first[half::2], _factors(first[1 - half :: 2])) for half in (0, 1)]
    return {
        "name": "pretrained",
        "world": " ".join((worlds.__doc__ or "").split()),
        "training": training_of(weights),
        "weights": {
            "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
            "networks": len(networks),
            "width": networks[0].enter.out_features,
            "parameters": sum(value.numel() for network in networks for value in network.parameters()),
        },
        "judges": {"worlds": judges, "seed": list(SEED), "most_series": SERIES, "most_values": VALUES},
        "scores": {
            name: _scores([one[name] for one in found if name in one], more)
            for name, more in ((FIRST, {"calibrated_coverage": _coverage(halves)}), (LAST, {}))
        },
        "factors": {
            cell: {name: round(float(factors[row, place]), 4) for name, place in INTERVALS.items()}
            for row, cell in enumerate(CELLS)
        },
        "losses": [[round(loss, 5) for loss in one.loss] for one in first],
        "modules": {
            kind: module_card(kind, file, judges=judges)
            for kind in KINDS
            if (file := weights.with_name(f"{kind}.safetensors")).exists()
        },
    }


def module_card(kind: Kind, weights: Path, *, judges: int) -> dict[str, Any]:
    """What is known of the weights of N-BEATS or TFT, which are scored on the same panels."""
    arrays = {name: value.astype(np.float32) for name, value in load(weights.read_bytes()).items()}

    def make(power: float) -> Member:
        return rebuild_neural({"kind": kind, "power": power}, arrays)

    found = [judge_world(make, number) for number in range(judges)]
    return {
        "training": training_of(weights),
        "weights": {
            "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
            "parameters": sum(value.size for name, value in arrays.items() if not name.startswith("inputs.")),
        },
        "scores": {name: _scores([one[name] for one in found if name in one], {}) for name in (FIRST, LAST)},
    }


def training_of(weights: Path) -> dict[str, str]:
    """What the training of some weights was like, as their file says."""
    with safe_open(weights, framework="np") as file:
        return dict(sorted((file.metadata() or {}).items()))


def write_card(folder: Path, card: Mapping[str, Any]) -> Path:
    """Write a card beside the weights of a folder."""
    path, text = folder / CARD, json.dumps(card, indent=2)
    # what holds nothing but numbers and names stands on one line
    text = re.sub(r"([\[{])\s+([^\[\]{}]+?)\s+([\]}])", lambda found: found[1] + _joined(found[2]) + found[3], text)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def _joined(text: str) -> str:
    return " ".join(line.strip() for line in text.splitlines())


def card_of(folder: Path, *, judges: int = JUDGES) -> Path:
    """Score the weights in a folder and write their card beside them."""
    return write_card(folder, make_card(folder / WEIGHTS, judges=judges))


def judge_world(make: Callable[[float], Member], number: int) -> dict[str, Judgement]:
    """Judgements of one generated panel by name: the first forecast, and the last where there are weeks enough.

    make: a member, for the power of the base with which noise grows.
    """
    panel = worlds.make_world(np.random.default_rng([*SEED, number]), series=SERIES, most_values=VALUES)
    season, columns = panel.season, panel.n_history
    at, last = FIRST_WEEKS * season, columns - LAST_AHEAD * season
    found = {FIRST: _judge(make, panel, at=at, length=min(FIRST_AHEAD * season, columns - at))}
    if last > at:
        found[LAST] = _judge(make, panel, at=last, length=columns - last)
    return found


def _judge(make: Callable[[float], Member], panel: Panel, *, at: int, length: int) -> Judgement:
    known = cut_panel(panel, at=at, length=length)
    member = make(choose_power(known, until=at))
    ours = member.predict_many(known, origin_columns=(at,), length=length)[0]
    theirs = last_four(known, at=at, length=length)
    ahead = slice(at, at + length)
    y, seen = panel.y[:, ahead], panel.observed[:, ahead]
    change = np.abs(panel.y[:, panel.season :] - panel.y[:, : -panel.season])
    moved = np.isfinite(change)
    scale = np.where(moved, change, 0.0).sum(axis=1) / np.maximum(moved.sum(axis=1), 1)
    able = np.isfinite(ours).all(axis=(1, 2)) & np.isfinite(theirs).all(axis=(1, 2)) & (scale > 0) & seen.any(axis=1)
    series, step = np.nonzero(seen & able[:, None] & (ours[..., MEDIAN] > BUSY))
    losses = [_loss(y[able], seen[able], quantiles[able], scale[able]) for quantiles in (ours, theirs)]
    return Judgement(
        loss=(losses[0], losses[1]),
        y=y[series, step],
        quantiles=ours[series, step],
        lead=lead_cells(panel, at=at, length=length)[step],
        series=series,
        day=index_days(panel).day[ahead][step],
    )


def _loss(y: Floats32, seen: Any, quantiles: Floats32, scale: Floats64) -> float:
    """Mean over series of twice the mean pinball loss over the scale."""
    loss = np.where(seen, 2 * pinball(y, quantiles).mean(axis=-1), 0.0).sum(axis=1) / seen.sum(axis=1)
    return float((loss / scale).mean())


def _factors(judged: Sequence[Judgement]) -> Floats64:
    """(cells, 7) factors of the distance of each quantile from the median."""
    far = 10_000  # more days and more series than a panel has
    rows = {name: np.concatenate([getattr(one, name) for one in judged]) for name in ("y", "quantiles", "lead")}
    world = np.repeat(np.arange(len(judged)), [len(one.y) for one in judged]) * far
    days, series = (world + np.concatenate([getattr(one, name) for one in judged]) for name in ("day", "series"))
    group = np.zeros(len(world), dtype=np.int64)
    factors: Floats64 = learn_factors(**rows, group=group, series=series, day=days, shape=(1, len(LEADS) + 1))[0]
    return factors


def _scores(judged: Sequence[Judgement], more: Mapping[str, Any]) -> dict[str, Any]:
    ours, theirs = np.mean([one.loss for one in judged], axis=0)
    plain = np.ones((len(LEADS) + 1, len(QUANTILES)))
    return {
        "panels": len(judged),
        "loss": round(float(ours), 5),
        "loss_of_last_four": round(float(theirs), 5),
        "relative": round(float(ours / theirs), 4),
        "coverage": _coverage([(judged, plain)]),
        **more,
    }


def _coverage(parts: Sequence[tuple[Sequence[Judgement], Floats64]]) -> dict[str, dict[str, float]]:
    """By cell of days ahead and interval: share of the rows that it holds, with the factors of each part."""
    inside: dict[str, dict[str, list[Any]]] = {cell: {name: [] for name in INTERVALS} for cell in CELLS}
    for judged, factors in parts:
        for one in judged:
            quantiles = widen(one.quantiles, factors[one.lead])
            for name, place in INTERVALS.items():
                held = (one.y >= quantiles[:, place]) & (one.y <= quantiles[:, 2 * MEDIAN - place])
                for row, cell in enumerate(CELLS):
                    inside[cell][name].append(held[one.lead == row])
    every = {cell: {name: np.concatenate(held) for name, held in own.items()} for cell, own in inside.items()}
    return {
        cell: {name: round(float(held.mean()), 4) for name, held in own.items()}
        for cell, own in every.items()
        if len(own["50"])
    }
