"""N-BEATS and TFT: their configuration as plain data, and modules built from it.

N-BEATS reads demand alone, column by column. TFT also reads calendar, campaigns, opening hours, the base and the
attributes. Attention over hundreds of columns would cost seconds a step, so TFT sees time in blocks (see `windows`):
the shortest that bring the horizon to TFT_BLOCKS or fewer, of a length that divides a day where a week has seven equal
days.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from darts.models import NBEATSModel, TFTModel
from darts.models.forecasting.pl_forecasting_module import PLForecastingModule
from darts.models.forecasting.torch_forecasting_model import TorchForecastingModel
from darts.utils.data.torch_datasets.utils import TorchTrainingSample
from darts.utils.likelihood_models.torch import QuantileRegression
from numpy.typing import NDArray

from forecasting.errors import ModelError
from forecasting.models.features.attributes import encode_attributes, learn_vocabulary
from forecasting.models.neural.runtime import quiet
from forecasting.models.neural.windows import SERIES_COVARIATES, KnownInputs, WindowShape
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel
from forecasting.terms import QUANTILES

Kind = Literal["nbeats", "tft"]
Weights = Mapping[str, NDArray[Any]]

MOST_CONTEXT = 2048
"""Most columns of context of N-BEATS."""
TFT_BLOCKS = 64
"""Most blocks of horizon of TFT; of context it has twice as many at most."""
SEASONS = 4
"""Seasons of context, where limits and history allow."""


@dataclass(frozen=True)
class NeuralConfig:
    """Everything that rebuilds a module and its inputs, except its weights."""

    kind: Kind
    shape: WindowShape
    season: int
    arguments: dict[str, Any]
    """Of the darts constructor."""
    covariate_names: tuple[str, ...]
    center: tuple[float, ...]
    """Mean of each covariate over the training columns."""
    spread: tuple[float, ...]
    vocabulary: dict[str, tuple[str, ...]]
    """Values of each attribute; code 0 is for all others."""

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "NeuralConfig":
        """Read what `as_dict` wrote, also after a trip through JSON. Raises ModelError."""
        try:
            return cls(
                kind=raw["kind"],
                shape=WindowShape(**raw["shape"]),
                season=int(raw["season"]),
                arguments=dict(raw["arguments"]),
                covariate_names=tuple(raw["covariate_names"]),
                center=tuple(raw["center"]),
                spread=tuple(raw["spread"]),
                vocabulary={name: tuple(values) for name, values in sorted(raw["vocabulary"].items())},
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"member config: expected the fields of NeuralConfig, found {error!r}; train again"
            ) from error


def choose_config(kind: Kind, panel: Panel, *, train_until: int) -> NeuralConfig:
    """Size of windows and module for a stream, from its season, its horizon and the history before `train_until`."""
    season, horizon = panel.season, panel.max_horizon
    block = 1 if kind == "nbeats" else _block(season, horizon)
    most = MOST_CONTEXT if kind == "nbeats" else 2 * TFT_BLOCKS * block
    wanted = min(max(SEASONS * season, 2 * horizon), most, max(train_until - 2 * horizon, season))
    # whole seasons where one fits, so that every slot of the week occurs equally often
    columns = wanted // season * season if wanted >= season else wanted
    shape = WindowShape(context=max(columns // block, 1), horizon=-(-horizon // block), block=block)
    if kind == "nbeats":
        sizes = {"num_stacks": 4, "num_blocks": 1, "num_layers": 2, "layer_widths": 256, "dropout": 0.1}
        return NeuralConfig(kind, shape, season, {**sizes, "expansion_coefficient_dim": 32}, (), (), (), {})
    known = panel.covariates[:train_until].astype(np.float64)
    spread = known.std(axis=0)
    sizes = {
        "hidden_size": 32,
        "hidden_continuous_size": 16,
        "num_attention_heads": 4,
        "lstm_layers": 1,
        "dropout": 0.1,
    }
    return NeuralConfig(
        kind=kind,
        shape=shape,
        season=season,
        arguments={**sizes, "add_relative_index": True, "skip_interpolation": True},
        covariate_names=tuple(panel.covariate_names),
        center=tuple(known.mean(axis=0).tolist()),
        spread=tuple(np.where(spread > 1e-6, spread, 1.0).tolist()),
        # an attribute that identifies single series would let the network overfit to them
        vocabulary=learn_vocabulary(panel.attributes, most=max(panel.n_series // 2, 2)),
    )


def _block(season: int, horizon: int) -> int:
    least = -(-horizon // TFT_BLOCKS)
    day = season // 7 if season % 7 == 0 else season
    for length in (day, season):
        whole = [size for size in range(least, length + 1) if length % size == 0]
        if whole:
            return whole[0]
    return least


def encode(panel: Panel, config: NeuralConfig) -> KnownInputs | None:
    """Known inputs of a panel as a member's module takes them; None for one that takes demand only.

    Raises ModelError where the panel's covariates are not the ones that the member was trained on.
    """
    if config.kind == "nbeats":
        return None
    if tuple(panel.covariate_names) != config.covariate_names:
        raise ModelError(
            f"{config.kind}: expected covariates {', '.join(config.covariate_names)}, "
            f"found {', '.join(panel.covariate_names)}; train this stream again"
        )
    center, spread = np.asarray(config.center), np.asarray(config.spread)
    shared, own = (
        None if values is None else torch.from_numpy(((values - center) / spread).clip(-5, 5).astype(np.float32))
        for values in (panel.covariates, panel.event_covariates)
    )
    assert shared is not None
    codes = torch.from_numpy(encode_attributes(panel.attributes, config.vocabulary)) if config.vocabulary else None
    return KnownInputs(shared, codes, own, panel.event_row, panel.event_calendar)


def build_model(config: NeuralConfig, *, seed: int = 0, **training: Any) -> Any:
    """A darts model whose module is made, with random weights that depend on `seed` alone.

    training: further arguments of the darts constructor, which shape training but not the module.
    """
    common = {
        "input_chunk_length": config.shape.context,
        "output_chunk_length": config.shape.horizon,
        "likelihood": QuantileRegression(list(QUANTILES)),
        "random_state": seed,
        **config.arguments,
        **training,
    }
    model: TorchForecastingModel
    if config.kind == "nbeats":
        model = NBEATSModel(**common)
    else:
        sizes = {column: len(values) + 1 for column, values in enumerate(config.vocabulary.values())}
        model = TFTModel(**common, categorical_embedding_sizes=sizes, use_static_covariates=bool(sizes))
    model.train_sample = _sample(config)
    model.output_dim = config.shape.block
    with quiet(), torch.random.fork_rng():
        torch.manual_seed(seed)
        model.model = model._init_model()
    return model


def _sample(config: NeuralConfig) -> TorchTrainingSample:
    """Shapes of one window, which is all that darts reads of a sample when it makes a module."""
    shape, channels = config.shape, len(config.covariate_names) + SERIES_COVARIATES
    takes_more = config.kind == "tft"

    def zeros(*size: int) -> Floats32:
        return np.zeros(size, dtype=np.float32)

    return TorchTrainingSample(
        past_target=zeros(shape.context, 1),
        historic_future_covariates=zeros(shape.context, channels) if takes_more else None,
        future_covariates=zeros(shape.horizon, channels) if takes_more else None,
        static_covariates=zeros(1, len(config.vocabulary)) if takes_more and config.vocabulary else None,
        future_target=zeros(shape.horizon, shape.block),
        sample_weight=zeros(shape.horizon, shape.block),
    )


def load_weights(module: PLForecastingModule, weights: Weights, *, name: str) -> None:
    """Put weights into a module, in place. Raises ModelError, and then nothing was changed."""
    expected = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in weights.items()}
    differing = sorted(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key))
    if differing:
        key = differing[0]
        raise ModelError(
            f"{name}: weight {key}: expected shape {expected.get(key)}, found {found.get(key)} "
            f"({len(differing)} weights differ); train this stream again"
        )
    broken = sorted(key for key, value in weights.items() if not np.isfinite(value).all())
    if broken:
        raise ModelError(f"{name}: weight {broken[0]}: expected finite numbers; train this stream again")
    module.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in weights.items()})
