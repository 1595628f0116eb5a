"""Forecasts in blocks: learned from a sample, the same as of the whole panel."""

import json

import numpy as np
import pytest

from forecasting.ensemble.blocks.combination import Combination, forecast_block, learn_combination
from forecasting.ensemble.calibrated import forecast_panel
from forecasting.ensemble.evidence import OWN_GROUPS, group_series
from forecasting.errors import LakeError
from forecasting.panel.grid import Panel, take_series
from tests.models.factories import make_panel
from tests.models.oracles import Oracle, whole

SERIES = 40


@pytest.fixture(scope="module")
def panel() -> Panel:
    return make_panel(n_series=SERIES, weeks=20, noise=0.3, gaps=0.05)


@pytest.fixture(scope="module")
def members(panel: Panel) -> dict[str, Oracle]:
    truth = np.nan_to_num(whole(panel))
    return {"wise": Oracle(truth, factor=1.1), "fool": Oracle(truth, factor=3.0)}


@pytest.fixture(scope="module")
def combination(panel: Panel, members: dict[str, Oracle]) -> Combination:
    return learn_combination(panel, members)


def test_blocks_are_forecast_as_the_panel_is(panel, members, combination):
    together = forecast_panel(panel, members)
    for rows in np.array_split(np.arange(SERIES), 3):
        block = forecast_block(take_series(panel, rows), members, combination)
        np.testing.assert_array_equal(block.quantiles, together.quantiles[rows])
        np.testing.assert_array_equal(block.tier, together.tier[rows])


def test_a_series_is_forecast_alike_in_any_block(panel, members, combination):
    alone = forecast_block(take_series(panel, np.array([17])), members, combination)
    among = forecast_block(take_series(panel, np.arange(10, 25)), members, combination)
    np.testing.assert_array_equal(alone.quantiles[0], among.quantiles[7])


def test_the_limits_of_the_groups_put_each_series_into_its_own(panel, combination):
    np.testing.assert_array_equal(combination.group(panel), group_series(panel))
    assert set(combination.group(panel)) == set(range(OWN_GROUPS))


def test_a_combination_survives_its_record_to_the_last_bit(combination):
    again = Combination.from_record(json.loads(json.dumps(combination.as_record())))
    for name in ("limits", "weights", "factors", "losses"):
        np.testing.assert_array_equal(getattr(again, name), getattr(combination, name))
    assert (again.names, again.origin_columns) == (combination.names, combination.origin_columns)
    assert again.judged


def test_series_that_were_never_seen_are_the_least_predictable(panel, members):
    unseen = make_panel(n_series=SERIES, weeks=20, noise=0.3)
    unseen.y[:9] = np.nan
    learned = Combination.from_record(learn_combination(unseen, {}).as_record())
    assert np.isinf(learned.limits[-1])
    assert (learned.group(unseen)[:9] == OWN_GROUPS - 1).all()


def test_members_without_weight_are_not_asked(panel, members, combination):
    assert set(combination.needed({**members, "late": members["wise"]})) == {"wise"}


def test_a_record_of_something_else_is_refused():
    with pytest.raises(LakeError, match="not readable"):
        Combination.from_record({"names": ["wise"]})


def test_a_sample_has_more_series_than_groups(members):
    with pytest.raises(ValueError, match="more than 8"):
        learn_combination(make_panel(n_series=OWN_GROUPS), {})
