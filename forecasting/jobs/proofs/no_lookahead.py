"""Proof that a forecast rests on nothing that became known after its origin."""

import logging
from collections.abc import Sequence
from datetime import datetime

from forecasting.errors import ForecastingError
from forecasting.jobs import forecast
from forecasting.jobs.common.panels import panel_as_of
from forecasting.jobs.proofs.common import Ground, Proof, file_of, find_difference
from forecasting.panel.calendar.calendar import retrain_boundary
from forecasting.panel.grid import fingerprint
from forecasting.settings import Settings
from forecasting.store.lake.copies import all_published, copy_stream, read_rows, settings_in, spoil
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.terms import RunKind

logger = logging.getLogger(__name__)

NAME = "no_lookahead"
MOST_ORIGINS = 3


def prove(ground: Ground) -> Proof:
    """Change, delete, withdraw and invent all that an origin must not know, and forecast from it again.

    The forecast must be, in every bit, what the undisturbed backfill published (`Ground.reference`, which must exist);
    and the panels that models are trained on must not change when the same is done after their boundaries. Origins are
    taken from the last to the first, since what one must not know, no earlier one may know.
    """
    spoiled = settings_in(ground.folder / "spoiled", ground.settings).model_copy(
        update={"models": ground.settings.models}
    )
    copy_stream(ground.settings, spoiled, ground.stream.name)
    origins = choose_origins(ground.origins)
    boundaries = {retrain_boundary(ground.stream, origin) for origin in origins}
    messages: list[str] = []
    holds, touched, values = True, 0, 0
    for instant in sorted({*origins, *boundaries}, reverse=True):
        ground.report(f"{NAME}: as if nothing after {instant.isoformat()} were true")
        with open_lake(spoiled) as lake:
            touched += spoil(lake, ground.stream, origin=instant)
        if instant in origins:
            rows, difference = _compare_forecasts(ground, spoiled, instant)
            values += rows
            holds &= difference is None
            messages += [f"origin {instant.isoformat()}: {difference}"] if difference else []
        if instant in boundaries:
            changed = _compare_panels(ground, spoiled, instant)
            holds &= not changed
            messages += [f"training at {instant.isoformat()}: the panel holds what was known later"] if changed else []
    messages.append(
        f"{touched} rows changed, deleted, withdrawn or invented after {len(origins)} origins and {len(boundaries)} "
        f"retrain boundaries; {values} forecast rows compared bit by bit"
    )
    return Proof(NAME, holds, messages)


def choose_origins(origins: Sequence[datetime]) -> list[datetime]:
    """The first, the middle and the last."""
    return sorted({origins[0], origins[len(origins) // 2], origins[-1]})


def _compare_forecasts(ground: Ground, spoiled: Settings, origin: datetime) -> tuple[int, str | None]:
    """Forecast an origin in the spoiled lake; number of rows compared and the difference, if any."""
    expected = read_rows(file_of(ground.reference, origin))
    try:
        forecast.run(spoiled, ground.stream.name, origin=origin.isoformat(), kind=RunKind.BACKFILL)
    except ForecastingError as error:
        return 0, f"expected {len(expected)} rows, found none: {error}"
    with open_lake_to_read(spoiled) as lake:
        return len(expected), find_difference(expected, all_published(lake, ground.stream.name, origin))


def _compare_panels(ground: Ground, spoiled: Settings, boundary: datetime) -> bool:
    """Whether the panel of a retrain boundary changed."""
    with open_lake_to_read(ground.settings) as before, open_lake_to_read(spoiled) as after:
        return _panel_digest(ground, before, boundary) != _panel_digest(ground, after, boundary)


def _panel_digest(ground: Ground, lake: Lake, boundary: datetime) -> str:
    """Digest of a panel, or why there is none."""
    try:
        return fingerprint(panel_as_of(lake, ground.stream, boundary)).hex()
    except ForecastingError as error:
        return type(error).__name__
