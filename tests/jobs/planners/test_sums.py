"""What planners put on the forecast is in its sums and peaks too."""

import numpy as np
import pandas as pd
import pytest

from forecasting.jobs.planners import adjust
from forecasting.settings import Settings, read_settings
from forecasting.store.lake.open import open_lake
from forecasting.terms import Operation
from tests.backfills import frame
from tests.contact_centre import CALLS, NEXT, ORIGIN, RULES, forecast_centre, make_calls, write_centre

FINAL = "select * from analyst.aggregates_final order by level, group_key, stat, period, ts"
QUANTILES = ["q05", "q10", "q25", "q50", "q75", "q90", "q95"]
NUMBERS = ["mean", *QUANTILES]
AGREE = """
select max(abs(sums.mean - parts.mean) / sums.mean) as gap
from analyst.aggregates_final as sums
inner join (select ts, sum(mean) as mean from analyst.forecast_final where stream = 'calls' group by ts) as parts
    on sums.ts = parts.ts
where sums.level = 'all' and sums.period = 'interval'
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Calls with a [hierarchy], forecast from two origins."""
    settings = read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("sums") / "home")})
    write_centre(settings, make_calls(), rules=f"{RULES}\n[hierarchy]\n", groups="", shifts="")
    for origin in (ORIGIN, NEXT):
        forecast_centre(settings, origin, streams=(CALLS,))
    return settings


@pytest.fixture
def desk(own: Settings):
    yield own
    with open_lake(own) as lake:
        for table in ("adjustments", "adjusted", "adjusted_aggregates"):
            lake.connection.execute(f"delete from planning.{table}")


def add(settings: Settings, value: float, pattern: str, **changes):
    given = {"starts": "2024-03-26", "ends": "2024-03-27", "reason": "mailing", "author": "ana"} | changes
    return adjust.add(settings, CALLS, operation=Operation.PERCENT, value=value, scope={"series_id": pattern}, **given)


def test_a_series_moves_by_its_percent_and_sums_by_the_share_that_it_has(desk):
    before = frame(desk, FINAL)
    effect = add(desk, 25.0, "care.voice")
    after = frame(desk, FINAL)
    day = after["ts_local"].dt.strftime("%Y-%m-%d") == "2024-03-26"
    series = (after["group_key"] == "care.voice") & (after["period"] == "day") & day
    np.testing.assert_allclose(after.loc[series, NUMBERS], 1.25 * before.loc[series, NUMBERS], rtol=1e-6)
    assert {tuple(ids) for ids in after.loc[series, "adjustment_ids"]} == {(effect.adjustment_id,)}
    whole = (after["level"] == "all") & (after["stat"] == "sum") & (after["period"] == "day") & day
    rise = (after["mean"] / before["mean"])[whole].item()
    assert 1.0 < rise < 1.25
    assert frame(desk, AGREE)["gap"][0] < 1e-6
    assert (np.diff(after[QUANTILES].to_numpy(), axis=1) >= 0).all()
    # other days and other series stay as they are to the last bit, but for weeks that hold the day
    still = (~day & (after["period"].isin(["interval", "day"]))) | after["group_key"].isin(["care.chat", "tech.voice"])
    np.testing.assert_array_equal(after.loc[still, NUMBERS], before.loc[still, NUMBERS])
    np.testing.assert_array_equal(after["statistical_mean"], before["mean"])


def test_what_all_have_moves_the_whole_by_exactly_that(desk):
    before = frame(desk, FINAL)
    add(desk, -30.0, "*")
    after = frame(desk, FINAL)
    day = (after["ts_local"].dt.strftime("%Y-%m-%d") == "2024-03-26") & after["period"].isin(["interval", "day"])
    np.testing.assert_allclose(after.loc[day, NUMBERS], 0.7 * before.loc[day, NUMBERS], rtol=1e-5)


def test_several_add_up_and_a_withdrawal_restores_what_was(desk):
    before = frame(desk, FINAL)
    first, second = add(desk, 40.0, "care.*"), add(desk, -20.0, "*.voice", ends="2024-03-28")
    both = frame(desk, FINAL)
    assert frame(desk, AGREE)["gap"][0] < 1e-6
    assert (np.diff(both[QUANTILES].to_numpy(), axis=1) >= 0).all()
    adjust.withdraw(desk, first.adjustment_id)
    adjust.withdraw(desk, second.adjustment_id)
    pd.testing.assert_frame_equal(frame(desk, FINAL)[NUMBERS], before[NUMBERS])
    assert {len(ids) for ids in frame(desk, FINAL)["adjustment_ids"]} == {0}


def test_a_past_morning_shows_the_sums_of_that_morning(desk):
    earlier = frame(desk, "select max(published_at) as at from forecast.publications")["at"][0].isoformat()
    before = frame(desk, FINAL)
    add(desk, 25.0, "care.voice")
    past = frame(
        desk,
        f"select * from analyst.aggregates_final_as_of(timestamptz '{earlier}') where origin = "
        f"timestamptz '{before['origin'][0].isoformat()}' order by level, group_key, stat, period, ts",
    )
    np.testing.assert_array_equal(past[NUMBERS], before[NUMBERS])
    origins = frame(
        desk,
        f"select max(mean / statistical_mean) as rise from analyst.aggregates_final_from_origin(timestamptz '{ORIGIN} "
        "12:00:00+00') where statistical_mean > 0",
    )
    assert origins["rise"][0] == 1.0
