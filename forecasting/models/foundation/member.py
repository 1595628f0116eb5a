"""The member that a public pretrained model is: nothing of a stream trains it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from forecasting.config.sections import FoundationKind
from forecasting.errors import ModelError
from forecasting.models.features.slots import NAN
from forecasting.models.foundation.checkpoint import Checkpoint
from forecasting.models.foundation.contexts import gather
from forecasting.models.foundation.levels import level_matrix
from forecasting.models.foundation.networks import Network, build_network
from forecasting.models.foundation.unrolling import unroll
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel
from forecasting.quantiles import sort_quantiles
from forecasting.terms import QUANTILES

KIND = "foundation"
LEAST_CONTEXT, SEASONS = 2048, 4
"""Columns of context, or seasons where they are more; fewer where history or the model's own limit is shorter."""
PATCH = 32
"""Contexts are a multiple of it: the models read columns in patches of 16 or 32."""


@dataclass(frozen=True)
class FoundationMember:
    """A network of public weights; the weights stay where they are, and the model keeps which they were."""

    model: FoundationKind
    path: str
    sha256: str
    """Of the files that the network was built from."""
    network: Network

    kind = KIND

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        """Quantiles (A, N, length, 7) from several columns; NaN throughout for a series with too few values.

        Raises ModelError for a column without history before it.
        """
        if not all(0 < at <= panel.n_history for at in origin_columns):
            raise ModelError(
                f"{KIND}: expected columns from 1 to {panel.n_history} to forecast from, found {list(origin_columns)}"
            )
        network = self.network
        matrix = level_matrix(network.levels, QUANTILES)
        forecast = np.full((len(origin_columns), panel.n_series, length, len(QUANTILES)), NAN, dtype=np.float32)
        contexts = gather(
            panel,
            origin_columns=origin_columns,
            context=network.context,
            length=length,
            with_covariates=network.takes_covariates,
            fill=not network.takes_gaps,
        )
        for some in contexts:
            with torch.inference_mode():
                answer = unroll(network, some.past, some.known, length=length).numpy()
            quantiles = sort_quantiles(answer @ matrix, lower=0.0)
            quantiles[~np.isfinite(quantiles).all(axis=(1, 2))] = NAN
            forecast[some.place, some.series] = quantiles
        return forecast

    def as_parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Plain data from which `rebuild_foundation` makes the member again, and no arrays."""
        sizes = {"context": self.network.context, "ahead": self.network.ahead}
        return {"kind": KIND, "model": self.model, "path": self.path, "sha256": self.sha256, **sizes}, {}


def choose_foundation(checkpoint: Checkpoint, panel: Panel) -> FoundationMember:
    """The member of a checkpoint, with a context and a horizon for a panel. Raises ModelError, see `build_network`."""
    wanted = min(max(LEAST_CONTEXT, SEASONS * panel.season), panel.n_history)
    context = -(-wanted // PATCH) * PATCH
    network = build_network(checkpoint, context=context, ahead=panel.max_horizon)
    return FoundationMember(checkpoint.kind, checkpoint.path, checkpoint.sha256, network)


def rebuild_foundation(config: Mapping[str, Any], checkpoint: Checkpoint) -> FoundationMember:
    """A member from what `as_parts` gave and the files at its path.

    Raises ModelError where parts are missing, or the files are not those of which the member was made.
    """
    try:
        context, ahead, sha256 = int(config["context"]), int(config["ahead"]), str(config["sha256"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{KIND}: expected context, ahead and sha256, found {error!r}; train again") from error
    if checkpoint.sha256 != sha256:
        raise ModelError(
            f"{KIND}: {checkpoint.path}: expected the files that this model was made with (sha256 {sha256[:12]}), "
            f"found others ({checkpoint.sha256[:12]}); put those back, or run `forecasting train` to take these"
        )
    return FoundationMember(
        checkpoint.kind, checkpoint.path, sha256, build_network(checkpoint, context=context, ahead=ahead)
    )
