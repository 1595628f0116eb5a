"""Configs of members, and the modules built from them."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasting.models.neural.config import NeuralConfig, build_model, choose_config
from forecasting.models.neural.member import NeuralMember, rebuild_member
from tests.models.factories import make_panel


@pytest.mark.parametrize("names", [("region", "queue"), ("queue", "region")])
def test_member_forecasts_the_same_after_its_config_went_through_a_file_whatever_the_order_of_attributes(names):
    panel = make_panel(n_series=8, weeks=6)
    values = {"region": ["north", "south", "east", "west"] * 2, "queue": ["care"] * 4 + ["sales"] * 4}
    panel = replace(panel, attributes=pd.DataFrame({name: values[name] for name in names}, index=panel.series_ids))
    config = choose_config("tft", panel, train_until=panel.n_history)
    assert len(config.vocabulary) == 2
    member = NeuralMember(config, build_model(config, seed=3).model.eval())
    raw = json.loads(json.dumps(config.as_dict(), sort_keys=True))
    again = rebuild_member(raw, member.weights())
    forecasts = [one.predict(panel, at=panel.n_history, length=panel.n_horizon) for one in (member, again)]
    assert np.isfinite(forecasts[0]).all()
    np.testing.assert_array_equal(*forecasts)
    assert NeuralConfig.from_dict(raw) == config
