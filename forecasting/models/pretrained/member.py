"""The pretrained member: networks that were trained on generated demand, averaged; no stream trains them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load

from forecasting.errors import ModelError
from forecasting.models.features.history import choose_power
from forecasting.models.features.rows import horizon_of
from forecasting.models.features.slots import NAN
from forecasting.models.neural.runtime import own_threads
from forecasting.models.pretrained.inputs import read_rows
from forecasting.models.pretrained.network import RowNetwork
from forecasting.models.profile import complete_rows
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel
from forecasting.quantiles import sort_quantiles
from forecasting.terms import QUANTILES

KIND = "pretrained"
WEIGHTS = "weights.safetensors"
"""House weights, beside this module: names are `network.parameter`, in half precision."""
ROWS_AT_ONCE = 32_768
LEAST_SEASON = 5
"""Intervals of the shortest week that the networks were trained on: the weekdays."""


@dataclass(frozen=True)
class PretrainedMember:
    """Networks whose quantiles are averaged."""

    networks: tuple[RowNetwork, ...]
    power: float
    """Of the base, with which noise grows."""

    kind = KIND

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        """Quantiles (A, N, length, 7) from several columns; NaN throughout for a series whose slots are unknown."""
        every = horizon_of(panel, origin_columns=tuple(origin_columns), length=length)
        forecast = np.empty((len(every), len(QUANTILES)), dtype=np.float32)
        for chunk in read_rows(panel, every, power=self.power):
            lagged = chunk.lagged
            quantiles = self.answer(chunk.inputs) * lagged.noise[:, None] + lagged.base[:, None]
            quantiles[~complete_rows(lagged, (len(origin_columns), length))] = NAN
            forecast[chunk.part] = sort_quantiles(quantiles, lower=0.0)
        shaped = forecast.reshape(panel.n_series, len(origin_columns), length, len(QUANTILES))
        return np.moveaxis(shaped, 1, 0)

    def answer(self, inputs: Floats32) -> Floats32:
        """(R, 7) quantiles of demand less the base, in units of the noise; inputs: (R, WIDTH)."""
        parts = [np.empty((0, len(QUANTILES)), dtype=np.float32)]
        with torch.inference_mode(), own_threads(len(inputs), many=ROWS_AT_ONCE):
            for first in range(0, len(inputs), ROWS_AT_ONCE):
                some = torch.from_numpy(inputs[first : first + ROWS_AT_ONCE])
                parts.append(torch.stack([network(some) for network in self.networks]).mean(dim=0).numpy())
        return np.concatenate(parts)

    def as_parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Plain data and arrays from which `rebuild_pretrained` makes the member again: a model that is kept forecasts
        with the weights that it had."""
        arrays = {
            f"{number}.{name}": value.numpy().astype(np.float16)
            for number, network in enumerate(self.networks)
            for name, value in network.state_dict().items()
        }
        return {"kind": KIND, "power": self.power}, arrays


def choose_pretrained(panel: Panel, *, until: int) -> PretrainedMember:
    """The member with the house weights, for demand as it is before the column `until`."""
    return PretrainedMember(house_networks(), choose_power(panel, until=until))


@cache
def house_networks() -> tuple[RowNetwork, ...]:
    """The networks of the package."""
    return make_networks(load(files("forecasting.models.pretrained").joinpath(WEIGHTS).read_bytes()))


def make_networks(arrays: Mapping[str, NDArray[Any]]) -> tuple[RowNetwork, ...]:
    """Networks from their parameters. Raises ModelError where names, shapes or values are not those of networks."""
    count = len({name.partition(".")[0] for name in arrays})
    networks = []
    for number in range(count):
        prefix = f"{number}."
        own = {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}
        try:
            network = RowNetwork(width=len(own["enter.bias"]))
            network.load_state_dict({name: torch.from_numpy(value.astype(np.float32)) for name, value in own.items()})
        except (KeyError, TypeError, RuntimeError) as error:
            raise ModelError(f"{KIND}: expected the parameters of networks, found {error!r}; train again") from error
        if not all(value.isfinite().all() for value in network.state_dict().values()):
            raise ModelError(f"{KIND}: expected finite weights; train again")
        networks.append(network.eval())
    if not networks:
        raise ModelError(f"{KIND}: expected the parameters of networks, found none; train again")
    return tuple(networks)


def rebuild_pretrained(config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> PretrainedMember:
    """A member from what `as_parts` gave. Raises ModelError where parts are missing, misshapen or not finite."""
    try:
        power = float(config["power"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{KIND}: expected a power, found {error!r}; train again") from error
    return PretrainedMember(make_networks(arrays), power)
