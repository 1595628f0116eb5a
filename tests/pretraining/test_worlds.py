"""Generated demand looks like demand: unlike, with gaps, in all forms, never negative."""

import numpy as np
import pytest

from forecasting.pretraining.calendars import FORMS, covariates, draw_calendar
from forecasting.pretraining.lessons import make_lesson
from forecasting.pretraining.worlds import make_world


@pytest.fixture(scope="module")
def panels():
    return [make_world(np.random.default_rng([7, seed]), series=8, most_values=20_000) for seed in range(24)]


def test_demand_is_finite_and_not_negative_and_mostly_known(panels):
    for panel in panels:
        assert (panel.y[panel.observed] >= 0).all()
        assert np.isfinite(panel.y[panel.observed]).all()
        assert panel.observed.mean() > 0.6


def test_counts_and_amounts_many_seasons_and_short_histories_occur(panels):
    whole = {bool((panel.y[panel.observed] % 1 == 0).all()) for panel in panels}
    assert whole == {False, True}
    assert len({panel.season for panel in panels}) >= 6
    assert min(panel.n_history // panel.season for panel in panels) < 9
    assert max(panel.n_history // panel.season for panel in panels) > 20


@pytest.mark.parametrize("form", list(FORMS))
def test_a_week_of_openings_is_one_season(form):
    calendar = draw_calendar(np.random.default_rng(1), form=form, weeks=6)
    assert len(calendar.ts) == 6 * calendar.season
    assert (np.diff(calendar.ts) > np.timedelta64(0, "m")).all()
    for slot in (0, calendar.season - 1):
        same = calendar.ts[calendar.slot == slot]
        assert (np.diff(same) == np.timedelta64(7, "D")).all()
    values, names = covariates(calendar)
    assert values.shape == (len(calendar.ts), len(names))
    assert 0 <= values.min() <= values.max() <= 1


def test_equal_seeds_make_equal_worlds_and_lessons():
    one, other = (make_world(np.random.default_rng(3), series=5, most_values=9_000) for _ in range(2))
    np.testing.assert_array_equal(one.y, other.y)
    lessons = [make_lesson(one, most=500, rng=np.random.default_rng(1)) for _ in range(2)]
    np.testing.assert_array_equal(lessons[0].inputs, lessons[1].inputs)
    assert len(lessons[0].target) > 100
    assert lessons[0].weight.mean() == pytest.approx(1.0, abs=0.01)
