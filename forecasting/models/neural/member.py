"""Neural members: trained modules that forecast whole panels through tensors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from darts.models.forecasting.pl_forecasting_module import PLForecastingModule
from darts.utils.data.torch_datasets.utils import PLModuleInput
from numpy.typing import NDArray

from forecasting.errors import ModelError
from forecasting.models.features.slots import NAN
from forecasting.models.neural.config import NeuralConfig, Weights, build_model, encode, load_weights
from forecasting.models.neural.runtime import own_threads
from forecasting.models.neural.sampling import usable_contexts
from forecasting.models.neural.windows import Windows, gather, prepare
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel
from forecasting.terms import QUANTILES

SERIES_AT_ONCE = 2_000
"""Series that are prepared together, which bounds memory."""
WINDOWS_AT_ONCE = {"nbeats": 2_000, "tft": 512}


@dataclass(frozen=True)
class NeuralMember:
    """A trained module and its configuration."""

    config: NeuralConfig
    module: PLForecastingModule

    def weights(self) -> dict[str, NDArray[Any]]:
        """The module's parameters by name, as arrays of their own."""
        return {name: value.detach().cpu().numpy().copy() for name, value in self.module.state_dict().items()}

    def predict(self, panel: Panel, *, at: int, length: int) -> Floats32:
        """Quantiles (N, length, 7) for the columns [at, at + length), sorted, not negative; see `predict_many`."""
        one: Floats32 = self.predict_many(panel, origin_columns=(at,), length=length)[0]
        return one

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        """Quantiles (A, N, length, 7) from A columns in one pass over the series.

        A series is NaN throughout where too little of its context was observed, or where it was zero throughout. Raises
        ModelError where the panel is of another season, has other covariates, or ends before the horizon does.
        """
        self._check(panel, origin_columns=origin_columns, length=length)
        columns, starts = self.config.shape.context_columns, np.asarray(origin_columns, dtype=np.int64)
        known_inputs = encode(panel, self.config)
        forecast = np.full((len(origin_columns), panel.n_series, length, len(QUANTILES)), NAN, dtype=np.float32)
        for first in range(0, panel.n_series, SERIES_AT_ONCE):
            rows = slice(first, first + SERIES_AT_ONCE)
            usable = usable_contexts(panel, rows=rows, origin_columns=starts, columns=columns)
            series, place = np.nonzero(usable)
            if not len(series):
                continue
            start = int(starts.min()) - columns
            source = prepare(panel, self.config.shape, known_inputs=known_inputs, rows=rows, start=start)
            for part in _parts(len(series), WINDOWS_AT_ONCE[self.config.kind]):
                windows = gather(
                    source, series=torch.from_numpy(series[part]), at=torch.from_numpy(starts[place[part]])
                )
                forecast[place[part], first + series[part]] = self._predict_windows(windows)[:, :length]
        return forecast

    def _predict_windows(self, windows: Windows) -> Floats32:
        """Quantiles (B, H x p, 7) in units of demand."""
        with torch.inference_mode(), own_threads(len(windows.scale)):
            output = run_module(self.module, windows).add_(windows.base[..., None])
            output, _ = output.mul_(windows.unit[:, None, None, None]).clamp_(min=0.0).flatten(1, 2).sort(dim=-1)
            invalid = (windows.scale <= 0) | ~output.isfinite().flatten(1).all(dim=1)
            output[invalid] = torch.nan
        quantiles: Floats32 = output.numpy()
        return quantiles

    def _check(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> None:
        name, most = self.config.kind, self.config.shape.horizon_columns
        if panel.season != self.config.season:
            raise ModelError(f"{name}: expected a season of {self.config.season}, found {panel.season}; train again")
        if length > most:
            raise ModelError(f"{name}: expected a horizon of at most {most} columns, found {length}; train again")
        if not all(0 < at <= panel.n_history for at in origin_columns):
            raise ModelError(
                f"{name}: expected columns from 1 to {panel.n_history} to forecast from, found {list(origin_columns)}"
            )


def run_module(module: PLForecastingModule, windows: Windows) -> torch.Tensor:
    """The module's raw output (B, H, p, 7), on the processor: scaled demand above the base."""
    device = next(module.parameters()).device

    def there(tensor: torch.Tensor | None) -> torch.Tensor | None:
        return None if tensor is None else tensor.to(device)

    given = PLModuleInput(
        past_target=windows.context.to(device),
        historic_future_covariates=there(windows.past),
        future_covariates=there(windows.future),
        static_covariates=there(windows.codes),
    )
    output: torch.Tensor = module(given).prediction
    return output.cpu()


def _parts(total: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, total, size))


def rebuild_member(config: Mapping[str, Any], weights: Weights) -> NeuralMember:
    """A member from what `NeuralConfig.as_dict` and `NeuralMember.weights` gave.

    Raises ModelError where names, shapes or values of the weights are not those of the module.
    """
    parsed = NeuralConfig.from_dict(config)
    module = build_model(parsed).model
    load_weights(module, weights, name=parsed.kind)
    return NeuralMember(config=parsed, module=module.eval())
