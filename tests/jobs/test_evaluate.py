"""Evaluations: origins forecast again as known then, scored, on record, and nothing published."""

import json

import numpy as np
import pandas as pd
import pytest

from forecasting.ensemble import training
from forecasting.errors import FeedError, InsufficientHistoryError, SettingsError
from forecasting.jobs import evaluate, forecast, ingest
from forecasting.jobs.training import train
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from tests.contests import make_evidence
from tests.feeds import START, define_stream, deliver, hourly_rows
from tests.homes import begin_with
from tests.quick_training import MEMBERS, tune_two_steps

DAY = pd.Timedelta("1D")
HOUR = pd.Timedelta("1h")


def frame(settings: Settings, query: str) -> pd.DataFrame:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).to_arrow_table().to_pandas()


def rows_with_clock(*, days: int = 70, series: tuple[str, ...] = ("a", "b")) -> pd.DataFrame:
    """Hourly demand, each value known an hour after its interval began."""
    return hourly_rows(days=days, series=series).assign(available_at=lambda rows: rows["ts"] + HOUR)


def take_in(settings: Settings, rows: pd.DataFrame, *, file: str = "feed") -> None:
    deliver(settings, rows, file=file)
    ingest.run(settings, "usage", since=str(START.date()), until="2024-04-01")


def fill(settings: Settings) -> None:
    """Ten weeks of history of a stream without neural members."""
    define_stream(settings, unit="calls", source="max_bad_share = 1.0")
    take_in(settings, rows_with_clock())


@pytest.fixture
def filled(settings: Settings) -> Settings:
    return begin_with(settings, fill)


def fill_trained(settings: Settings) -> None:
    """Ten weeks of history of a stream with N-BEATS."""
    define_stream(settings, source="max_bad_share = 1.0", members=MEMBERS, horizon="1d")
    take_in(settings, rows_with_clock())


@pytest.fixture
def trained(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Ten weeks of history of a stream whose N-BEATS trains in two steps and counts all the same."""
    tune_two_steps(monkeypatch)
    make_evidence(monkeypatch)
    return begin_with(settings, fill_trained)


@pytest.fixture
def forecasts(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """What evaluations forecast from each origin: the combination, its mean and every member, as one array."""
    found: dict[str, np.ndarray] = {}
    ask = evaluate.forecast_panel

    def watch(panel, members, **given):
        answer = ask(panel, members, **given)
        parts = [
            answer.quantiles,
            answer.mean[..., None],
            *(answer.member_forecasts[name] for name in sorted(answer.member_forecasts)),
        ]
        found[str(panel.ts[panel.n_history])[:10]] = np.concatenate(parts, axis=-1)
        return answer

    monkeypatch.setattr(evaluate, "forecast_panel", watch)
    return found


def test_newest_measured_origins_are_scored_member_by_member(filled):
    found = evaluate.run(filled, "usage")
    origins = [f"2024-{day}T00:00:00+00:00" for day in ("02-10", "02-17", "02-24", "03-02", "03-09")]
    model = found.summary.details["model"]
    assert found.summary.details == {"origins": origins, "every": "7d", "model": model}
    assert model.startswith("usage-20240205-")
    members = found.report.members
    assert members["member"].iloc[0] == "combination"
    assert {"last_four", "seasonal_naive"} <= set(members["member"])
    assert set(members["rows"]) == {5 * 2 * 48}
    assert found.report.horizon["horizon_bucket"].tolist() == ["d1", "d2-3"]
    assert set(found.report.worst["series_id"]) == {"a", "b"}
    assert 0 < members["noise_floor"].iloc[0] < members["wape"].iloc[0] < 0.2
    assert members["pit80"].iloc[0] == pytest.approx(0.8, abs=0.12)


def test_an_origin_scores_what_the_night_published_there(filled):
    evaluate.run(filled, "usage", since="2024-02-24", until="2024-02-24")
    forecast.run(filled, "usage", origin="2024-02-24")
    pairs = frame(filled, "select y, q50, mean from analyst.forecast_vs_actual")
    scores = frame(
        filled,
        "select * from analyst.backtests where member = 'published' and series_id = '*' and horizon_bucket = 'all'",
    ).iloc[0]
    assert scores["wape"] == pytest.approx((pairs["y"] - pairs["q50"]).abs().sum() / pairs["y"].sum(), rel=1e-5)
    assert scores["bias_mean"] == pytest.approx((pairs["mean"] - pairs["y"]).sum() / pairs["y"].sum(), abs=1e-5)
    assert scores["excess"] == scores["wape"] - scores["noise_floor"]


def test_several_origins_are_pooled_by_their_volume(filled):
    rows = rows_with_clock()
    late = rows["ts"] >= "2024-03-01"
    take_in(filled, rows.assign(y=np.where(late, rows["y"] * 3, rows["y"])), file="feed")
    found = evaluate.run(filled, "usage", since="2024-02-24", until="2024-03-02")
    assert len(found.summary.details["origins"]) == 2
    single = frame(filled, "select member, origin, series_id, horizon_bucket, wape, rows from analyst.backtests")
    volume = rows.assign(y=np.where(late, rows["y"] * 3, rows["y"])).set_index("ts")["y"].astype(float).sort_index()
    volumes = [volume[origin : origin + 2 * DAY - HOUR].sum() for origin in sorted(set(single["origin"]))]
    wapes = single.query("member == 'last_four' and series_id == '*' and horizon_bucket == 'all'").sort_values("origin")
    expected = (wapes["wape"] * volumes).sum() / sum(volumes)
    shown = found.report.members.set_index("member").loc["last_four", "wape"]
    assert shown == pytest.approx(expected, abs=1e-4)
    assert shown != pytest.approx(wapes["wape"].mean(), abs=1e-3)


def test_nothing_is_published_and_everything_is_on_record(filled):
    found = evaluate.run(filled, "usage", since="2024-03-02")
    assert frame(filled, "select * from forecast.publications").empty
    assert frame(filled, "select * from forecast.forecasts").empty
    assert frame(filled, "select * from analyst.accuracy").empty
    run = frame(filled, "select * from forecast.runs where kind = 'evaluate'").iloc[0]
    scores = frame(filled, "select * from evaluation.scores")
    assert (run["run_id"], run["status"], run["rows"]) == (found.summary.run_id, "published", len(scores))
    assert set(scores["eval_id"]) == {found.summary.run_id}
    assert set(scores["kind"]) == {"backtest"}
    key = ["eval_id", "stream", "series_id", "origin", "member", "horizon_bucket"]
    assert not scores.duplicated(key).any()
    assert scores["origin"].nunique() == 2


def test_nothing_that_became_known_after_an_origin_changes_its_forecast(trained, forecasts):
    asked = {"since": "2024-02-26", "until": "2024-03-04"}
    evaluate.run(trained, "usage", **asked)
    before, model = forecasts.pop("2024-02-26"), frame(trained, "select checksum from forecast.models")
    later = forecasts.pop("2024-03-04")
    random = np.random.default_rng(0)
    origin = pd.Timestamp("2024-02-26", tz="UTC")
    rows = rows_with_clock()
    revised = rows[(rows["ts"] < origin) & (random.random(len(rows)) < 0.3)]
    revised = revised.assign(y=lambda rows: rows["y"] * random.uniform(0, 5, len(rows)), available_at=origin + HOUR)
    after = rows["ts"] >= origin
    changed = rows.assign(y=np.where(after, rows["y"] * random.uniform(0, 5, len(rows)), rows["y"]))
    unheard_of = rows_with_clock(series=("c",)).assign(available_at=lambda rows: rows["ts"].clip(origin) + HOUR)
    take_in(trained, pd.concat([changed, revised, unheard_of]))
    again = evaluate.run(trained, "usage", **asked)
    np.testing.assert_array_equal(forecasts["2024-02-26"], before)
    pd.testing.assert_frame_equal(frame(trained, "select checksum from forecast.models"), model)
    assert forecasts["2024-03-04"].shape[0] == 3
    assert not np.allclose(forecasts["2024-03-04"][:2], later)
    assert again.report.members["wape"].iloc[0] > 0.3


def test_all_origins_use_the_model_that_was_due_at_the_first(trained, monkeypatch):
    newer = train.run(trained, "usage", origin="2024-03-04").details["model"]
    found = evaluate.run(trained, "usage", since="2024-02-14", until="2024-03-06")
    model = found.summary.details["model"]
    assert model != newer
    assert frame(trained, "select model_id, trained_until from forecast.models order by 2")["model_id"].tolist() == [
        model,
        newer,
    ]
    assert model.startswith("usage-20240212-")
    assert "nbeats" in set(found.report.members["member"])
    monkeypatch.delattr(training, "tune")
    assert evaluate.run(trained, "usage", since="2024-02-15", until="2024-02-20").summary.details["model"] == model
    assert frame(trained, "select distinct model_id from forecast.runs where kind = 'evaluate'")[
        "model_id"
    ].tolist() == [model]


def test_a_stream_that_was_just_added_is_ingested_first(settings):
    define_stream(settings)
    deliver(settings, hourly_rows(days=21))
    steps = []
    found = evaluate.run(settings, "usage", begin=steps.append)
    assert [origin[:10] for origin in found.summary.details["origins"]] == ["2024-01-13", "2024-01-20"]
    assert steps[:2] == ["ingest usage", "train usage"]
    assert frame(settings, "select kind from forecast.runs order by started_at")["kind"].tolist() == [
        "ingest",
        "train",
        "evaluate",
    ]


def test_truth_is_demand_as_known_now_and_the_newest_evaluation_speaks(filled):
    first = evaluate.run(filled, "usage", since="2024-02-24", until="2024-03-02")
    rows = rows_with_clock()
    revised = rows[rows["ts"] >= "2024-03-02"].assign(
        y=lambda rows: rows["y"] * 2, available_at=pd.Timestamp("2024-03-20", tz="UTC")
    )
    take_in(filled, revised, file="revision")
    second = evaluate.run(filled, "usage", since="2024-03-02")
    assert second.report.members["wape"].iloc[0] > first.report.members["wape"].iloc[0] + 0.2
    spoken = frame(filled, "select distinct origin, eval_id, scored_until from analyst.backtests order by origin")
    assert spoken["eval_id"].tolist() == [first.summary.run_id, second.summary.run_id, second.summary.run_id]
    assert spoken["scored_until"].iloc[1] == pd.Timestamp("2024-03-20", tz="UTC")


def test_an_origin_at_which_the_feed_was_dark_is_left_out_and_named(settings):
    define_stream(settings, source="max_bad_share = 1.0")
    rows = rows_with_clock(days=140)
    dark = (rows["ts"] >= "2024-02-01") & (rows["ts"] < "2024-03-20")
    deliver(settings, rows[~dark])
    ingest.run(settings, "usage", until="2024-05-20")
    found = evaluate.run(settings, "usage", since="2024-01-29", until="2024-03-30", every="20d")
    assert [origin[:10] for origin in found.summary.details["origins"]] == ["2024-01-29", "2024-03-29"]
    assert "nothing was measured in its horizon" in found.summary.message
    assert "no series reported in the four weeks before origin 2024-03-09" in found.summary.message
    with pytest.raises(InsufficientHistoryError, match="none of 1 origins can be scored: stream usage: no series"):
        evaluate.run(settings, "usage", since="2024-03-09", until="2024-03-09")
    assert frame(settings, "select status from forecast.runs where kind = 'evaluate' order by started_at")[
        "status"
    ].tolist() == ["published", "failed"]


def test_scores_do_not_depend_on_how_much_of_what_was_said_before_is_kept(filled, monkeypatch):
    asked = {"since": "2024-02-10", "every": "7d"}
    whole = evaluate.run(filled, "usage", **asked).as_dict()["scores"]
    monkeypatch.setattr("forecasting.ensemble.weighing.MOST_KEPT", 1)
    assert evaluate.run(filled, "usage", **asked).as_dict()["scores"] == whole


def test_what_cannot_be_evaluated_is_one_clear_line(settings):
    define_stream(settings)
    with pytest.raises(FeedError):
        evaluate.run(settings, "usage")
    deliver(settings, hourly_rows(days=3))
    with pytest.raises(InsufficientHistoryError, match="usage: 3 days of history, expected about 5") as short:
        evaluate.run(settings, "usage")
    assert "\n" not in str(short.value)
    with pytest.raises(SettingsError, match="every: expected a duration such as"):
        evaluate.run(settings, "usage", every="weekly")
    with pytest.raises(SettingsError, match="cannot be evaluated"):
        evaluate.run(settings, "usage", since="2023-05-01")
    with pytest.raises(SettingsError):
        evaluate.run(settings, "unheard_of")


def test_everything_goes_into_json_with_none_for_what_is_unknown(filled):
    take_in(filled, rows_with_clock().assign(y=lambda rows: rows["y"] + 0.5))
    told = json.loads(json.dumps(evaluate.run(filled, "usage", since="2024-03-09").as_dict(), default=str))
    assert {"stream", "run_id", "details", "sentences", "scores"} <= told.keys()
    assert told["scores"][0].keys() >= {"member", "series_id", "horizon_bucket", "wape", "pit80", "rows"}
    assert {row["noise_floor"] for row in told["scores"]} == {None}
