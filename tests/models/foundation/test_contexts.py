"""What a public model is given of a panel."""

from dataclasses import replace

import numpy as np
import torch

from forecasting.models.foundation.contexts import LEAST_SEEN, ROWS_AT_ONCE, Contexts, gather, impute
from forecasting.panel.grid import Panel
from tests.models.factories import hide, make_panel, repeat_slot, scramble_from

SEASON, CONTEXT, LENGTH = 28, 60, 14


def windows_of(panel: Panel, *columns: int, context: int = CONTEXT, fill: bool = False) -> list[Contexts]:
    given = {"context": context, "length": LENGTH, "with_covariates": True, "fill": fill}
    return list(gather(panel, origin_columns=columns, **given))


def with_holidays(panel: Panel, *days: slice) -> Panel:
    holiday = np.zeros(len(panel.ts), dtype=np.float32)
    for day in days:
        holiday[day] = 1
    return replace(panel, covariates=holiday[:, None], covariate_names=("holiday",))


def test_a_context_is_the_newest_columns_with_what_is_unobserved_missing():
    panel = make_panel(n_series=2, gaps=0.1)
    (found,) = windows_of(panel, 100, 40)
    assert found.past.shape == (4, CONTEXT)
    for series, place, past in zip(found.series, found.place, found.past.numpy(), strict=True):
        at = (100, 40)[place]
        mine = panel.y[series, max(at - CONTEXT, 0) : at]
        np.testing.assert_array_equal(past[-len(mine) :], mine)
        assert np.isnan(past[: -len(mine)]).all()


def test_nothing_from_the_origin_on_is_read():
    panel = repeat_slot(make_panel(n_series=3, gaps=0.2), column=99)
    for fill in (False, True):
        for at in (99, 100, 101, 150):
            # the later origin makes columns of between known to the first, which must not read them
            before = windows_of(panel, at, 200, fill=fill)[0]
            after = windows_of(scramble_from(panel, at), at, 200, fill=fill)[0]
            own = before.place == 0
            torch.testing.assert_close(before.past[own], after.past[after.place == 0], equal_nan=True, rtol=0, atol=0)


def test_a_gap_is_the_mean_of_the_last_four_values_of_its_slot():
    panel = hide(make_panel(n_series=1), 0, slice(0, 10))
    panel = hide(panel, 0, slice(6 * SEASON + 3, 6 * SEASON + 5))
    filled = impute(panel, panel.y)
    assert np.isnan(filled[0, :10]).all()
    assert np.isfinite(filled[0, 10:]).all()
    expected = panel.y[0, [week * SEASON + 3 for week in (2, 3, 4, 5)]].mean()
    np.testing.assert_allclose(filled[0, 6 * SEASON + 3], expected, rtol=1e-5)
    np.testing.assert_array_equal(filled[0, 7 * SEASON :], panel.y[0, 7 * SEASON :])


def test_a_gap_in_a_slot_that_was_never_seen_is_the_last_value():
    panel = hide(make_panel(n_series=1), 0, slice(20, 23))
    np.testing.assert_array_equal(impute(panel, panel.y)[0, 20:23], panel.y[0, 19])


def test_series_with_too_few_values_are_left_out():
    panel = hide(make_panel(n_series=3), 1, slice(0, 100 - LEAST_SEEN + 1))
    (found,) = windows_of(panel, 100)
    assert found.series.tolist() == [0, 2]
    (found,) = windows_of(hide(make_panel(n_series=3), 1, slice(0, 100 - LEAST_SEEN)), 100)
    assert found.series.tolist() == [0, 1, 2]


def test_a_covariate_is_given_where_it_says_something_about_the_horizon():
    panel, inside, ahead, elsewhere = make_panel(n_series=2), slice(60, 64), slice(105, 109), slice(130, 134)
    cases = {
        "seen before and ahead": (with_holidays(panel, inside, ahead), True),
        "never seen before": (with_holidays(panel, ahead), False),
        "none ahead": (with_holidays(panel, inside), False),
        "after the horizon": (with_holidays(panel, inside, elsewhere), False),
        "never seen before the origin itself": (with_holidays(panel, slice(100, 104)), False),
        "seen until the origin": (with_holidays(panel, slice(96, 100)), False),
        "all ahead": (with_holidays(panel, inside, slice(100, 114)), True),
    }
    for name, (one, given) in cases.items():
        (found,) = windows_of(one, 100)
        assert (found.known is not None) == given, name
        if found.known is not None:
            np.testing.assert_array_equal(found.known[0, :, 0], one.covariates[40:114, 0])
    assert windows_of(panel, 100)[0].known is None  # clock and week are seen in the demand


def test_covariates_before_the_first_column_and_after_the_last_are_unknown():
    panel = with_holidays(make_panel(n_series=1, weeks=4, horizon=LENGTH), slice(20, 24), slice(114, 118))
    (found,) = windows_of(panel, panel.n_history, context=128)
    assert found.known is not None
    assert found.known[0, :16].isnan().all()
    assert found.known[0, 16:].isfinite().all()


def test_holidays_of_single_series_are_given_to_those_alone():
    panel = with_holidays(make_panel(n_series=4))
    row = np.full((2, len(panel.ts)), -1, dtype=np.int32)
    row[1, 60:64], row[1, 105:109] = 0, 0
    own = {"event_covariates": np.ones((1, 1), dtype=np.float32), "event_row": row}
    panel = replace(panel, **own, event_calendar=np.array([0, 1, 0, 1], dtype=np.int32))
    found = {window.known is not None: window.series.tolist() for window in windows_of(panel, 100)}
    assert found == {True: [1, 3], False: [0, 2]}


def test_many_series_and_origins_come_in_batches_that_memory_holds():
    panel = with_holidays(make_panel(n_series=150, weeks=5), slice(60, 64), slice(105, 109))
    found = windows_of(panel, 100, 60)
    pairs = [(int(s), int(p)) for window in found for s, p in zip(window.series, window.place, strict=True)]
    assert sorted(pairs) == [(series, place) for series in range(150) for place in (0, 1)]
    for window in found:
        channels = 0 if window.known is None else window.known.shape[2]
        assert len(window.past) * (1 + channels) <= ROWS_AT_ONCE
    assert len(found) <= 8
