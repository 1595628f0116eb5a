"""The networks of N-BEATS and TFT: modules of darts that read relative inputs, and what a batch of windows is to them.

N-BEATS (Oreshkin et al. 2020) reads the inputs of one column, most of them sequences of recent errors, and forecasts
that column. TFT (Lim et al. 2021) reads the columns before the origin and a whole window ahead, so that a column
may look at its neighbours. Its variable selection, a small network for each input, would take four fifths of its time:
one gated projection of all inputs together stands in its place.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
import torch
from darts.models import NBEATSModel, TFTModel
from darts.models.forecasting.pl_forecasting_module import PLForecastingModule
from darts.utils.data.torch_datasets.utils import PLModuleInput, TorchTrainingSample
from darts.utils.likelihood_models.torch import QuantileRegression
from numpy.typing import NDArray
from safetensors.numpy import load
from torch import nn

from forecasting.errors import ModelError
from forecasting.models.neural.runtime import quiet
from forecasting.models.neural.windows import AHEAD, CONTEXT, WindowInputs
from forecasting.models.pretrained.inputs import WIDTH
from forecasting.terms import QUANTILES

Kind = Literal["nbeats", "tft"]
Weights = Mapping[str, NDArray[Any]]
KINDS: tuple[Kind, ...] = ("nbeats", "tft")

SIZES: dict[Kind, dict[str, Any]] = {
    "nbeats": {"num_stacks": 4, "num_blocks": 1, "num_layers": 2, "layer_widths": 128, "expansion_coefficient_dim": 32},
    "tft": {"hidden_size": 64, "hidden_continuous_size": 1, "num_attention_heads": 4, "lstm_layers": 1},
}
DROPOUT: dict[Kind, float] = {"nbeats": 0.05, "tft": 0.1}
START = (-1.3, -1.0, -0.6, 0.0, 0.6, 1.0, 1.3)
"""Quantiles before any training, in units of the noise."""
FAR, FAR_ERROR = 6.0, 10.0
"""Standard deviations beyond which an input says nothing more, and multiples of the noise beyond which an error says
nothing more."""


class JointSelection(nn.Module):
    """A gated projection of all inputs together (gated linear unit), in the place of darts' variable selection."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(inputs, 2 * width)

    def forward(
        self,
        x: Mapping[str, torch.Tensor],
        context: torch.Tensor | None = None,  # noqa: ARG002
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, blocks, width), and a weight of one; x: (B, blocks, 1) by name of the input."""
        joined = torch.cat(list(x.values()), dim=-1)
        return nn.functional.glu(self.project(joined), dim=-1), joined.new_ones(1)


class Standard(nn.Module):
    """Center and spread of the inputs over what a module was pretrained on."""

    center: torch.Tensor
    spread: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("center", torch.zeros(WIDTH))
        self.register_buffer("spread", torch.ones(WIDTH))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        scaled: torch.Tensor = ((inputs - self.center) / self.spread).clamp(-FAR, FAR)
        return torch.asinh(scaled)


def build_model(kind: Kind, *, seed: int = 0, **training: Any) -> Any:
    """A darts model whose module is made, with random weights that depend on `seed` alone.

    training: further arguments of the darts constructor, which shape training but not the module.
    """
    given = {
        "likelihood": QuantileRegression(list(QUANTILES)),
        "dropout": DROPOUT[kind],
        "random_state": seed,
        **SIZES[kind],
        **training,
    }
    if kind == "nbeats":
        model = NBEATSModel(input_chunk_length=WIDTH, output_chunk_length=1, **given)
    else:
        model = TFTModel(
            input_chunk_length=CONTEXT,
            output_chunk_length=AHEAD,
            full_attention=True,
            skip_interpolation=True,
            use_static_covariates=False,
            **given,
        )
    model.train_sample, model.output_dim = _sample(kind), 1
    with quiet(), torch.random.fork_rng():
        torch.manual_seed(seed)
        module = model._init_model()
        _prepare(kind, module)
    model.model = module
    return model


def _sample(kind: Kind) -> TorchTrainingSample:
    """Shapes of one window, which is all that darts reads of a sample when it makes a module."""

    def zeros(*size: int) -> NDArray[np.float32]:
        return np.zeros(size, dtype=np.float32)

    context, ahead = (WIDTH, 1) if kind == "nbeats" else (CONTEXT, AHEAD)
    return TorchTrainingSample(
        past_target=zeros(context, 1),
        historic_future_covariates=zeros(context, WIDTH) if kind == "tft" else None,
        future_covariates=zeros(ahead, WIDTH) if kind == "tft" else None,
        static_covariates=None,
        future_target=zeros(ahead, 1),
        sample_weight=zeros(ahead, 1),
    )


def _prepare(kind: Kind, module: Any) -> None:
    """Give a module its standardisation and joint selection, and outputs that start from quantiles of plain noise."""
    module.inputs = Standard()
    start = torch.tensor(START)
    with torch.no_grad():
        if kind == "tft":
            module.encoder_vsn = JointSelection(WIDTH + 1, module.hidden_size)
            module.decoder_vsn = JointSelection(WIDTH, module.hidden_size)
            module.prescalers_linear = nn.ModuleDict()
            module.output_layer.weight.zero_()
            module.output_layer.bias.copy_(start)
            return
        blocks = [block for stack in module.stacks for block in stack.blocks]
        for block in blocks:
            block.forecast_g.weight.mul_(0.1)
            block.forecast_g.bias.zero_()
        first = blocks[0]
        first.forecast_g.weight[:, 0] = 1.0
        first.forecast_linear_layer.weight.view(len(QUANTILES), -1, first.forecast_linear_layer.in_features)[:, 0] *= (
            0.1
        )
        first.forecast_linear_layer.bias.view(len(QUANTILES), -1)[:, 0] = start


def reads_context(kind: Kind) -> bool:
    """Whether a network reads the columns before the origin one by one."""
    return kind == "tft"


def as_input(kind: Kind, module: Any, inputs: WindowInputs) -> PLModuleInput:
    """What a module is given of B windows: standardised inputs, of N-BEATS one window for each column of a window."""
    standard, known = module.inputs, torch.from_numpy(inputs.known)
    with torch.no_grad():
        if kind == "nbeats":
            return PLModuleInput(
                past_target=standard(known).flatten(0, 1)[..., None],
                historic_future_covariates=None,
                future_covariates=None,
                static_covariates=None,
            )
        errors = torch.from_numpy(inputs.errors).clamp(-FAR_ERROR, FAR_ERROR)
        return PLModuleInput(
            past_target=torch.asinh(errors)[..., None],
            historic_future_covariates=standard(torch.from_numpy(inputs.before)),
            future_covariates=standard(known),
            static_covariates=None,
        )


def run_module(module: PLForecastingModule, given: PLModuleInput) -> torch.Tensor:
    """(B, AHEAD, 7) quantiles of demand less the base, in units of the noise."""
    prediction: torch.Tensor = module(given).prediction
    return prediction.reshape(-1, AHEAD, len(QUANTILES))


def weights_of(module: PLForecastingModule) -> dict[str, NDArray[Any]]:
    """A module's parameters and standardisation by name, as arrays of their own."""
    return {name: value.detach().cpu().numpy().copy() for name, value in module.state_dict().items()}


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
    module.load_state_dict({key: torch.from_numpy(np.asarray(value, np.float32)) for key, value in weights.items()})


@cache
def house_weights(kind: Kind) -> Weights:
    """The weights of the package, trained on generated demand (see `forecasting/pretraining`)."""
    file = files("forecasting.models.pretrained").joinpath(f"{kind}.safetensors")
    return {name: value.astype(np.float32) for name, value in load(file.read_bytes()).items()}
