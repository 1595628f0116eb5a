"""The networks of the public models as darts defines them, with given weights.

darts' own models (`Chronos2Model`, `TimesFM2p5Model`, `TiRex2Model`) fetch weights that they do not find; their modules
are built here from a checkpoint that is read already, so that no code that downloads has any part in it.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from darts.models.forecasting.pl_forecasting_module import PLForecastingModule
from darts.utils.data.torch_datasets.utils import PLModuleInput
from darts.utils.likelihood_models.torch import QuantileRegression

from forecasting.config.sections import FoundationKind
from forecasting.errors import ForecastingError, ModelError
from forecasting.models.foundation.checkpoint import Checkpoint
from forecasting.models.foundation.offline import import_offline
from forecasting.models.neural.runtime import quiet


@dataclass(frozen=True)
class Network:
    """A network in evaluation mode, and what it takes."""

    module: PLForecastingModule
    levels: tuple[float, ...]
    """Ascending levels of its quantiles."""
    context: int
    """Columns that it reads."""
    ahead: int
    """Columns that it forecasts at once."""
    takes_covariates: bool
    """Whether it reads covariates that are known ahead."""
    takes_gaps: bool
    """Whether it reads NaN as unobserved wherever it lies; else only before the first value."""

    def answer(self, past: torch.Tensor, known: torch.Tensor | None) -> torch.Tensor:
        """Quantiles (B, ahead, Q), on the processor. past: (B, context); known: (B, context + ahead, F) or None."""
        device = next(self.module.parameters()).device
        covariates = (None, None) if known is None else known.to(device).tensor_split([self.context], dim=1)
        given = PLModuleInput(
            past_target=past.to(device)[..., None],
            historic_future_covariates=covariates[0],
            future_covariates=covariates[1],
        )
        output: torch.Tensor = self.module(given).prediction
        return output[:, :, 0].cpu()


def build_network(checkpoint: Checkpoint, *, context: int, ahead: int) -> Network:
    """The network of a checkpoint.

    context, ahead: columns to read and to forecast at once, at most; fewer where the model's own limits are lower.
    Raises ModelError in one line where the files are not those of a model of that kind.
    """
    try:
        with quiet(), torch.random.fork_rng():
            network = BUILDERS[checkpoint.kind](checkpoint, context, ahead)
    except ForecastingError:
        raise
    except Exception as error:  # what a library says of a configuration or of weights that it did not expect
        found = " ".join(f"{type(error).__name__}: {error}".split())
        raise ModelError(
            f"foundation: {checkpoint.path}: expected the configuration and weights of a {checkpoint.kind} model, "
            f"found {found}; put the published files there, or name the kind of those that lie there"
        ) from error
    network.module.eval().requires_grad_(False)
    if torch.cuda.is_available() and checkpoint.kind != "tirex2":  # whose kernels are chosen as it is built
        network.module.to("cuda")
    return network


def _chronos2(checkpoint: Checkpoint, context: int, ahead: int) -> Network:
    """Ansari et al. 2025, Chronos-2: from univariate to universal forecasting."""
    make = import_offline("darts.models.forecasting.chronos2_model")._Chronos2Module
    limits = checkpoint.config["chronos_config"]
    context = min(context, int(limits["context_length"]))
    ahead = min(ahead, int(limits["output_patch_size"]) * int(limits["max_output_patches"]))
    own = inspect.signature(make.__init__).parameters.keys() & checkpoint.config.keys()
    module = make(
        **{name: checkpoint.config[name] for name in own}, **_common(limits["quantiles"], context=context, ahead=ahead)
    )
    _load(module, checkpoint.tensors())
    return Network(module, tuple(sorted(limits["quantiles"])), context, ahead, takes_covariates=True, takes_gaps=True)


def _timesfm2p5(checkpoint: Checkpoint, context: int, ahead: int) -> Network:
    """Das et al. 2024, A decoder-only foundation model for time-series forecasting."""
    make = import_offline("darts.models.forecasting.timesfm2p5_model")._TimesFM2p5Module
    sizes = make.config
    ahead = min(ahead, sizes.output_quantile_len)
    context = min(context, sizes.context_limit - ahead)
    module = make(
        use_longer_projection_head=ahead > sizes.output_patch_len,
        **_common(sizes.quantiles, context=context, ahead=ahead),
    )
    _load(module, checkpoint.tensors())
    return Network(module, tuple(sizes.quantiles), context, ahead, takes_covariates=False, takes_gaps=False)


def _tirex2(checkpoint: Checkpoint, context: int, ahead: int) -> Network:
    """Podest et al. 2026, TiRex-2: generalizing TiRex to multivariate data and streaming."""
    try:
        darts = import_offline("darts.models.forecasting.tirex2_model")
        model = import_offline("tirex2.model").TiRex2
        expand = import_offline("tirex2._state_dict").expand_shared_duplicates
    except ImportError as error:
        raise ModelError(
            f"foundation: kind tirex2 needs the package tirex-2 0.4 or newer, found {error}; `pip install tirex-2`, or "
            "take foundation out of [models]"
        ) from error
    config, tensors = {**checkpoint.config, "device": "cpu"}, checkpoint.tensors()

    class GivenTiRex2(darts._TiRex2Module):  # type: ignore[misc, name-defined]
        """darts' module with weights that are given instead of looked for."""

        def _load_tirex2(self, load_device: torch.device) -> torch.nn.Module:  # noqa: ARG002
            network: torch.nn.Module = model(**config)
            _load(network, expand(network, tensors))
            return network

    levels = [round(float(level), 6) for level in config["quantiles"]]
    context, ahead = min(context, int(config["context_len"])), min(ahead, int(config["future_len"]))
    module = GivenTiRex2(setup_kwargs={}, inference_kwargs={}, **_common(levels, context=context, ahead=ahead))
    return Network(module, tuple(sorted(levels)), context, ahead, takes_covariates=True, takes_gaps=True)


BUILDERS: dict[FoundationKind, Callable[[Checkpoint, int, int], Network]] = {
    "chronos2": _chronos2,
    "timesfm2p5": _timesfm2p5,
    "tirex2": _tirex2,
}


def _load(module: torch.nn.Module, tensors: Mapping[str, torch.Tensor]) -> None:
    """Put weights into a module. Raises ValueError that names the first of those that do not fit."""
    expected = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in tensors.items()}
    differing = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if differing:
        name = differing[0]
        raise ValueError(
            f"weight {name} of shape {found.get(name)} instead of {expected.get(name)}, and {len(differing) - 1} more"
        )
    module.load_state_dict(tensors)


def _common(levels: list[float], *, context: int, ahead: int) -> dict[str, Any]:
    """Arguments of every module of darts: it answers at all its levels."""
    return {
        "input_chunk_length": context,
        "output_chunk_length": ahead,
        "likelihood": QuantileRegression(list(levels)),
    }
