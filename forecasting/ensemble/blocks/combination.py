"""Forecasts of a stream that is too large for one panel: what series share is learned from some and applied to all.

Which member is good where, and how wide intervals have to be, is learned by groups of series from a sample of them. The
forecast of a block of series needs these numbers and the block's own history, and no other series.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting.config.stream import Stream
from forecasting.ensemble.blocks.sums import Movement, learn_movement
from forecasting.ensemble.calibrated import (
    ForecastStages,
    finish_stages,
    held_back_forecasts,
    learn_calibration,
)
from forecasting.ensemble.evidence import OWN_GROUPS, group_series, measure_roughness
from forecasting.ensemble.explained.reasons import judge
from forecasting.ensemble.members import FALLBACK, READS_EVENTS
from forecasting.ensemble.mixture import PanelForecast, mix_weighed, nothing_ahead
from forecasting.ensemble.weighing import Weighing, weigh_members
from forecasting.errors import LakeError
from forecasting.models.features.days import LEADS
from forecasting.models.member import Member
from forecasting.numerics import Floats64, Ints
from forecasting.panel.grid import Panel, at_present_level, without_events
from forecasting.terms import QUANTILES


@dataclass(frozen=True)
class Combination:
    """What a forecast learns from a sample of a stream's series, for all of them: M members, G groups."""

    names: tuple[str, ...]
    """Of the members, untrained ones first."""
    limits: Floats64
    """(G - 1,) roughness from which on a series belongs to the next group, ascending."""
    weights: Floats64
    """(G, cells of days ahead, M)"""
    factors: Floats64
    """(G, cells of days ahead, 7) of calibration; 1 where there is no evidence."""
    origin_columns: tuple[int, ...]
    """Columns of the held-back origins; none where history is too short for any."""
    judged: bool
    """Whether there is evidence, by which intervals are calibrated."""
    movement: Movement | None = None
    """How series move together, where the stream sums them."""
    losses: Floats64 | None = None
    """(G, M) on held-back origins, over that of the group's best member; NaN where nothing was judged."""
    groups: Mapping[str, int] | None = None
    """Group of each series, where all of them were weighed together; else by `limits`."""
    sums: str | None = None
    """How sums were made to agree; None where there are none."""

    def group(self, panel: Panel) -> Ints:
        """(N,) group of each series of a panel."""
        by_limit = np.searchsorted(self.limits, measure_roughness(panel), side="right")
        if self.groups is None:
            return by_limit
        # a series that was not there has the group of the series like it
        own = [self.groups.get(str(name), -1) for name in panel.series_ids]
        return np.where(np.array(own) >= 0, own, np.minimum(by_limit, len(self.weights) - 1))

    def weighing(self, panel: Panel) -> Weighing:
        """The weights for a panel's series, without evidence."""
        nothing = np.empty((0, len(QUANTILES)), np.float32)
        return Weighing(self.names, self.weights, self.group(panel), None, nothing, self.origin_columns)

    def needed(self, members: Mapping[str, Member]) -> dict[str, Member]:
        """The members that a forecast asks: those with weight, those that know events, and the fallback."""
        weighed = {name for place, name in enumerate(self.names) if (self.weights[..., place] > 0).any()}
        return {name: one for name, one in members.items() if name in weighed | {*map(str, READS_EVENTS), FALLBACK}}

    def as_record(self) -> dict[str, Any]:
        """Plain numbers and texts, from which `from_record` makes the same bits again."""
        return {
            "names": list(self.names),
            "limits": _plain(self.limits),
            "weights": self.weights.tolist(),
            "factors": self.factors.tolist(),
            "origin_columns": list(self.origin_columns),
            "judged": self.judged,
            "movement": None if self.movement is None else self.movement.as_record(),
            "losses": None if self.losses is None else _plain(self.losses),
            "groups": None if self.groups is None else dict(self.groups),
            "sums": self.sums,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Combination":
        """Raises LakeError for a record that `as_record` did not make."""
        try:
            limits = [np.inf if limit is None else limit for limit in record["limits"]]
            losses = record.get("losses")
            return cls(
                names=tuple(record["names"]),
                limits=np.array(limits, dtype=np.float64),
                weights=np.array(record["weights"], dtype=np.float64),
                factors=np.array(record["factors"], dtype=np.float64),
                origin_columns=tuple(record["origin_columns"]),
                judged=bool(record["judged"]),
                movement=None if record.get("movement") is None else Movement.from_record(record["movement"]),
                losses=None if losses is None else np.array(losses, dtype=np.float64),
                groups=record.get("groups"),
                sums=record.get("sums"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise LakeError(
                f"the combination on record is not readable: {error!r}; forecast the origin again"
            ) from None


def learn_combination(panel: Panel, members: Mapping[str, Member], *, stream: Stream | None = None) -> Combination:
    """Weights and calibration by groups, from a panel of sampled series: a pure function of the panel and the members.

    stream: where sums over series are wanted, too. The panel has more than OWN_GROUPS series and a horizon. Raises
    ModelError as `forecast_panel` does.
    """
    if panel.n_series <= OWN_GROUPS:
        raise ValueError(f"expected a sample of more than {OWN_GROUPS} series, found {panel.n_series}")
    present = at_present_level(panel)
    panel = without_events(present)
    weighing = weigh_members(panel, members)
    movement = None
    if stream is not None:
        held = held_back_forecasts(panel, weighing)
        movement = learn_movement(stream, present, held, weighing.origin_columns)
    ones = np.ones((*weighing.weights.shape[:2], len(QUANTILES)))
    return Combination(
        names=weighing.names,
        limits=_limits(panel),
        weights=weighing.weights,
        factors=ones if weighing.evidence is None else learn_calibration(weighing),
        origin_columns=weighing.origin_columns,
        judged=weighing.evidence is not None,
        movement=movement,
        losses=_losses(weighing),
    )


def combination_of_panel(panel: Panel, stages: ForecastStages, *, sums: str | None) -> Combination:
    """What the forecast of a stream in one panel has learned, to be kept beside it. sums: how they were made to agree.

    With it the forecast of single series can be made again without all others.
    """
    mixed = stages.mixed
    assert mixed.by_group is not None
    ones = np.ones((*mixed.by_group.shape[:2], len(QUANTILES)))
    few = panel.n_series <= OWN_GROUPS
    return Combination(
        names=tuple(mixed.member_forecasts),
        limits=np.empty(0) if few else _limits(stages.baseline),
        weights=mixed.by_group,
        factors=ones if stages.factors is None else stages.factors,
        origin_columns=mixed.origin_columns,
        judged=stages.factors is not None,
        losses=_losses(mixed),
        groups={str(name): int(group) for name, group in zip(panel.series_ids, mixed.group, strict=True)},
        sums=sums,
    )


def forecast_block(panel: Panel, members: Mapping[str, Member], combination: Combination) -> PanelForecast:
    """Quantiles of the horizon of some of a stream's series, mixed and calibrated as learned from the sample.

    A pure function of the panel, the members and the combination. Series that borrow a shape borrow it from the panel.
    """
    return block_in_stages(panel, members, combination).with_events


def block_in_stages(panel: Panel, members: Mapping[str, Member], combination: Combination) -> ForecastStages:
    """`forecast_block`, stage by stage."""
    panel = at_present_level(panel)
    baseline = without_events(panel)
    if not panel.n_horizon:
        nothing = nothing_ahead(panel)
        return ForecastStages(baseline, nothing, None, nothing, nothing)
    members = combination.needed(members)
    mixed = mix_weighed(baseline, members, combination.weighing(baseline))
    return finish_stages(panel, baseline, mixed, members, combination.factors if combination.judged else None)


def _limits(panel: Panel) -> Floats64:
    """(OWN_GROUPS - 1,) least roughness of the series of each group but the first."""
    roughness, group = measure_roughness(panel), group_series(panel)
    return np.array([roughness[group == number].min(initial=np.inf) for number in range(1, OWN_GROUPS)])


def _losses(learned: Weighing | PanelForecast) -> Floats64 | None:
    """(G, M) losses of the members in each group, as of `Combination`."""
    if learned.evidence is None:
        return None
    members, every = len(learned.evidence.predicted), np.arange(len(LEADS) + 1)
    groups = range(int(learned.group.max()) + 1)
    return np.stack([judge(learned.evidence, group=one, leads=every, members=members).losses for one in groups])


def _plain(values: Floats64) -> Any:
    """Nested lists with None where a number is not finite: JSON knows no other numbers."""
    if values.ndim > 1:
        return [_plain(row) for row in values]
    return [float(value) if np.isfinite(value) else None for value in values]
