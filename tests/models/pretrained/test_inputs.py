"""What the network reads is relative, and known at the origin."""

from dataclasses import replace

import numpy as np
import pytest

from forecasting.models.features.history import AMOUNT_POWER
from forecasting.models.features.rows import horizon_of
from forecasting.models.pretrained.inputs import WIDTH, read_rows
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel
from tests.models.factories import make_panel, scramble_from


def read(panel: Panel, at: int, *, length: int = 28) -> Floats32:
    """(N, length, WIDTH) inputs of all rows from a column."""
    rows = horizon_of(panel, origin_columns=(at,), length=length)
    parts = [chunk.inputs for chunk in read_rows(panel, rows, power=AMOUNT_POWER)]
    return np.concatenate(parts).reshape(panel.n_series, length, WIDTH)


@pytest.mark.parametrize("weeks", [2, 6, 12])
def test_inputs_are_finite_however_short_the_history(weeks):
    panel = make_panel(weeks=weeks, gaps=0.1)
    inputs = read(panel, panel.n_history)
    assert inputs.dtype == np.float32
    assert np.isfinite(inputs).all()


def test_nothing_at_or_after_the_origin_is_read():
    panel = make_panel(weeks=12)
    at = panel.n_history - 40
    np.testing.assert_array_equal(read(panel, at), read(scramble_from(panel, at), at))


def test_amounts_in_another_unit_read_the_same():
    panel = make_panel(weeks=12)
    tenfold = replace(panel, y=panel.y * 8)
    np.testing.assert_allclose(read(panel, panel.n_history), read(tenfold, panel.n_history), atol=2e-2)


def test_a_series_reads_the_same_in_whatever_company():
    panel = make_panel(n_series=6, weeks=12)
    alone = replace(
        panel,
        **{name: getattr(panel, name)[2:3] for name in ("y", "observed", "open", "campaign", "fault", "level_start")},
        series_ids=panel.series_ids[2:3],
        attributes=panel.attributes.iloc[2:3],
    )
    np.testing.assert_array_equal(read(panel, panel.n_history)[2:3], read(alone, panel.n_history))


def test_same_day_of_the_last_month_is_read_where_it_is_known():
    # daily demand that doubles on the tenth of each month
    panel = make_panel(n_series=1, weeks=16, season=7, noise=0.0)
    dates = panel.wall.astype("datetime64[D]")
    tenth = (dates - dates.astype("datetime64[M]").astype("datetime64[D]")).astype(int) == 9
    panel = replace(panel, y=np.where(tenth[: panel.n_history], 2 * panel.y, panel.y).astype(np.float32))
    ahead = np.flatnonzero(tenth[panel.n_history - 40 :])[0]
    at = panel.n_history - 40
    last_month = read(panel, at, length=40)[0, :, -3]
    assert last_month[ahead] == last_month.max() > 3
