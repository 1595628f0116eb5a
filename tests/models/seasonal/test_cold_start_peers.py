"""Whose week a young series borrows: that of series with its attributes; an unknown one is shared with nobody."""

from dataclasses import replace

import numpy as np
import pandas as pd

from forecasting.models.seasonal.cold_start import cold_start
from forecasting.panel.grid import Panel
from forecasting.terms import MEDIAN
from tests.models.factories import hide, make_panel

SEASON = 28


def panel_of(regions: list[str]) -> Panel:
    """Series of level 100; those of region b are busy in the second half of the week, all others in the first."""
    panel = make_panel(n_series=len(regions), weeks=6, noise=0.0)
    late = np.array([[region == "b"] for region in regions])
    first = np.arange(panel.n_history) % SEASON < SEASON // 2
    y = np.where(first != late, 150.0, 50.0).astype(np.float32)
    return replace(panel, y=y, attributes=pd.DataFrame({"region": regions}, index=panel.series_ids))


def borrowed(regions: list[str]) -> np.ndarray:
    """Medians of the first series, never seen, over its mean."""
    panel = hide(panel_of(regions), 0, slice(None))
    median = cold_start(panel, at=panel.n_history, length=SEASON)[0, :, MEDIAN]
    return median / median.mean()


def test_the_week_is_that_of_the_same_region():
    np.testing.assert_allclose(borrowed(["b", "a", "a", "a", "b"])[[0, -1]], [0.5, 1.5], rtol=1e-4)
    np.testing.assert_allclose(borrowed(["a", "a", "a", "b", "b"])[[0, -1]], [1.5, 0.5], rtol=1e-4)


def test_an_unknown_region_is_shared_with_nobody_so_that_all_series_lend():
    np.testing.assert_allclose(borrowed(["", "a", "a", "b", "b"]), 1.0, rtol=1e-4)
    np.testing.assert_allclose(borrowed(["", "", "a", "b", "b"]), 1.0, rtol=1e-4)
    np.testing.assert_allclose(borrowed(["c", "a", "a", "b", "b"]), 1.0, rtol=1e-4)
