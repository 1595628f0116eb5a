"""Neural members: N-BEATS and TFT as tuned on a stream, or as they are in the package."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from darts.models.forecasting.pl_forecasting_module import PLForecastingModule
from numpy.typing import NDArray

from forecasting.errors import ModelError
from forecasting.models.features.slots import NAN
from forecasting.models.neural.modules import (
    KINDS,
    Kind,
    Weights,
    as_input,
    build_model,
    house_weights,
    load_weights,
    reads_context,
    run_module,
    weights_of,
)
from forecasting.models.neural.runtime import own_threads
from forecasting.models.neural.windows import AHEAD, WindowInputs, horizon_windows, read_windows
from forecasting.models.profile import complete_horizons
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel
from forecasting.quantiles import sort_quantiles
from forecasting.terms import QUANTILES

PREPARED_AT_ONCE = 4_096
"""Windows whose inputs are in memory at a time."""
ANSWERED_AT_ONCE = 256
"""Windows that a module answers at a time."""


@dataclass(frozen=True)
class NeuralMember:
    """A module and the power of the base with which noise grows."""

    kind: Kind
    module: PLForecastingModule
    power: float

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        """Quantiles (A, N, length, 7) from several columns; NaN throughout for a series whose slots are unknown."""
        origins = tuple(origin_columns)
        if not all(0 < at <= panel.n_history for at in origins):
            raise ModelError(
                f"{self.kind}: expected columns from 1 to {panel.n_history} to forecast from, found {list(origins)}"
            )
        shape = (panel.n_series, len(origins), length)
        forecast = np.empty((*shape, len(QUANTILES)), dtype=np.float32)
        found, passed = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
        windows = horizon_windows(panel, origin_columns=origins, length=length)
        place = np.tile(
            np.repeat(np.arange(len(origins)), len(windows) // max(len(origins) * panel.n_series, 1)), panel.n_series
        )
        for first in range(0, len(windows), PREPARED_AT_ONCE):
            part = slice(first, first + PREPARED_AT_ONCE)
            some = windows.only(part)
            inputs = read_windows(panel, some, power=self.power, context=reads_context(self.kind))
            quantiles = self.answer(inputs) * inputs.noise[..., None] + inputs.base[..., None]
            step = (some.first - some.origin)[:, None] + np.arange(AHEAD)
            row, column = np.nonzero(step < length)
            at = some.series[row], place[part][row], step[row, column]
            forecast[at] = sort_quantiles(quantiles[row, column], lower=0.0)
            found[at], passed[at] = np.isfinite(inputs.base[row, column]), inputs.passed[row, column]
        forecast[~complete_horizons(found, passed)] = NAN
        return np.moveaxis(forecast, 1, 0)

    def answer(self, inputs: WindowInputs) -> Floats32:
        """(B, AHEAD, 7) quantiles of demand less the base, in units of the noise."""
        parts = [np.empty((0, AHEAD, len(QUANTILES)), dtype=np.float32)]
        with torch.inference_mode(), own_threads(len(inputs.base)):
            for first in range(0, len(inputs.base), ANSWERED_AT_ONCE):
                some = inputs.only(slice(first, first + ANSWERED_AT_ONCE))
                parts.append(run_module(self.module, as_input(self.kind, self.module, some)).numpy())
        return np.concatenate(parts)

    def as_parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Plain data and arrays from which `rebuild_neural` makes the member again."""
        return {"kind": self.kind, "power": self.power}, weights_of(self.module)


def house_member(kind: Kind, *, power: float) -> NeuralMember:
    """A member with the weights of the package. power: of the base, with which noise grows."""
    return rebuild_neural({"kind": kind, "power": power}, house_weights(kind))


def rebuild_neural(config: Mapping[str, Any], arrays: Weights) -> NeuralMember:
    """A member from what `as_parts` gave. Raises ModelError where parts are missing, misshapen or not finite."""
    kind = config.get("kind")
    if kind not in KINDS:
        raise ModelError(f"expected a member of kind {' or '.join(KINDS)}, found {kind!r}; train this stream again")
    try:
        power = float(config["power"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{kind}: expected a power, found {error!r}; train this stream again") from error
    module = build_model(kind).model
    load_weights(module, arrays, name=kind)
    return NeuralMember(kind, module.eval(), power)
