"""Published forecasts explained: what is said sums to what was published, and what cannot be shown is refused."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from forecasting.cli import app
from forecasting.errors import FeedError, ModelError, SettingsError
from forecasting.jobs import forecast, ingest
from forecasting.jobs.explained.forecast import ExplainedForecast
from forecasting.jobs.explained.forecast import forecast as explain
from forecasting.jobs.explained.record import record
from forecasting.jobs.planners import adjust
from forecasting.jobs.streams import events
from forecasting.jobs.training import train
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.settings import Settings, read_settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.store.queries.reports import ask
from forecasting.terms import Operation
from tests.feeds import START, define_stream, deliver, hourly_rows
from tests.homes import begin_with

DAYS = 56
FIRST, SECOND = "2024-02-24", "2024-02-25"
REGIONS = {"a": "north", "b": "north", "c": "south"}
PUBLISHED = """
select sum(mean)
from analyst.forecast_as_of('infinity'::timestamptz)
where stream = 'usage' and series_id = $series and origin = $origin and ts >= $since and ts < $until
"""


def fill(settings: Settings) -> None:
    """Eight weeks of three series with trees and sums, forecast from two days, a campaign known by the second."""
    define_stream(
        settings,
        horizon="3d",
        members='["trees", "tft", "seasonal"]',
        budget="4s",
        retrain="28d",
        source='max_age = "2d"',
        tables='[hierarchy]\nlevels = ["region"]\n',
    )
    rows = hourly_rows(days=DAYS, series=tuple(REGIONS))
    rows = rows.assign(region=rows["series_id"].map(REGIONS), available_at=rows["ts"] + pd.Timedelta("1h"))
    lifted = (rows["series_id"] == "a") & rows["ts"].between("2024-01-15", "2024-01-18 23:00")
    rows["y"] = np.where(lifted, 1.5 * rows["y"], rows["y"])
    deliver(settings, rows)
    ingest.run(settings, "usage", since=str(START.date()), until=SECOND)
    announce(settings, "winter offer", "2024-01-15", "2024-01-19", known_at="2024-01-10")
    train.run(settings, "usage", origin=FIRST)
    forecast.run(settings, "usage", origin=FIRST)
    announce(settings, "spring offer", "2024-02-26", "2024-02-27", known_at="2024-02-24 12:00")
    forecast.run(settings, "usage", origin=SECOND)


def announce(settings: Settings, name: str, starts: str, ends: str, *, known_at: str) -> None:
    """A campaign of the series `a`."""
    times = {"starts_at": starts, "ends_at": ends, "known_at": known_at}
    event = {"event_id": name, "kind": "campaign", "name": name, "scope": '{"series_id": "a"}'}
    event |= {key: pd.Timestamp(text, tz="UTC") for key, text in times.items()}
    path = settings.home / f"{starts}.parquet"
    pd.DataFrame([event]).to_parquet(path)
    events.import_file(settings, path)


@pytest.fixture
def home(settings: Settings) -> Settings:
    return begin_with(settings, fill)


@pytest.fixture(scope="module")
def read_only_home(tmp_path_factory) -> Settings:
    return begin_with(read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("explained") / "home")}), fill)


def published(settings: Settings, series: str, origin: str, since: str, until: str) -> float:
    instants = {"origin": origin, "since": since, "until": until}
    values = {"series": series, **{name: pd.Timestamp(text, tz="UTC") for name, text in instants.items()}}
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(PUBLISHED, values).fetchone()[0]


@pytest.fixture(scope="module")
def hour(read_only_home: Settings) -> ExplainedForecast:
    """An hour of the campaign."""
    return explain(read_only_home, "usage", series="a", ts="2024-02-26 10:00")


@pytest.mark.parametrize(
    ("series", "ts", "since", "until"),
    [
        ("a", "2024-02-26", "2024-02-26 00:00", "2024-02-27 00:00"),
        ("b", "2024-02-26 10:00", "2024-02-26 10:00", "2024-02-26 11:00"),
        ("c", None, "2024-02-25 00:00", "2024-02-26 00:00"),
    ],
)
def test_parts_sum_to_what_was_published(read_only_home, series, ts, since, until):
    found = explain(read_only_home, "usage", series=series, ts=ts)
    number = published(read_only_home, series, SECOND, since, until)
    assert found.mean == pytest.approx(number, rel=1e-9)
    assert found.parts["adds"].iloc[:-1].sum() == pytest.approx(number, abs=1e-6)
    assert found.parts["so_far"].iloc[-1] == pytest.approx(number, rel=1e-9)
    rest = found.parts.loc[found.parts["part"].str.startswith("rest"), "adds"].abs().max()
    assert rest < 1e-4 * number


def test_a_campaign_is_a_part_and_is_named(read_only_home, hour):
    assert hour.events["what"].tolist() == ["spring offer"]
    assert "events ahead" in hour.parts["part"].tolist()
    assert explain(read_only_home, "usage", series="b", ts="2024-02-26").events.empty


def test_members_have_weights_losses_and_answers(hour):
    members = hour.members
    assert members["weight"].sum() == pytest.approx(1, abs=0.01)
    assert members["held_back_loss"].min() == 1
    assert (members["weight"].diff().dropna() <= 0).all()


def test_past_weeks_are_those_measured(hour):
    past = hour.past
    assert past["day"].iloc[0] == "Mon 19 Feb 2024"
    rows = hourly_rows(days=DAYS, series=tuple(REGIONS))
    own = rows[(rows["series_id"] == "a") & (rows["ts"] == pd.Timestamp("2024-02-19 10:00", tz="UTC"))]
    assert past["value"].iloc[0] == pytest.approx(float(own["y"].iloc[0]), rel=1e-6)


def test_a_forecast_that_is_another_one_when_made_again_is_not_explained(home):
    with open_lake(home) as lake:
        lake.connection.execute("update forecast.forecasts set mean = mean + 1 where series_id = 'a'")
    with pytest.raises(FeedError, match=r"made again it is another one: at .* it gives a mean of"):
        explain(home, "usage", series="a")


def test_a_model_that_is_gone_is_said_in_one_line(home):
    with open_lake(home) as lake:
        lake.connection.execute("delete from forecast.models")
    with pytest.raises(ModelError, match="cannot be explained, because its model is gone: model usage-") as raised:
        explain(home, "usage", series="a")
    assert "\n" not in str(raised.value)


def test_what_there_is_not_is_said_with_what_there_is(read_only_home):
    with pytest.raises(SettingsError, match=r"'nobody' is no series of the forecast .* it has 3: a, b, c"):
        explain(read_only_home, "usage", series="nobody")
    with pytest.raises(SettingsError, match="has nothing at 2024-03-09; it holds open intervals from 2024-02-25"):
        explain(read_only_home, "usage", series="a", ts="2024-03-09")
    with pytest.raises(FeedError, match=r"no forecast from 2024-02-20\S* was published"):
        explain(read_only_home, "usage", series="a", origin="2024-02-20")


def test_the_command_fits_the_terminal_and_speaks_json(read_only_home, monkeypatch):
    monkeypatch.setenv("FORECASTING_HOME", str(read_only_home.home))
    asked = ["explain", "forecast", "usage", "a", "2024-02-26 10:00"]
    shown = CliRunner().invoke(app.app, asked)
    assert shown.exit_code == 0, shown.output
    assert shown.output.startswith("Monday 26 February 2024 10:00 is ")
    found = json.loads(CliRunner().invoke(app.app, [*asked, "--json"]).output)
    total = sum(part["adds"] for part in found["parts"] if part["adds"] is not None)
    assert total == pytest.approx(found["mean"], abs=1e-6)


def explained(settings: Settings, subject: str) -> pd.DataFrame:
    with open_lake_to_read(settings) as lake:
        query = "select * from forecast.explanations where subject = ? order by series_id, day, place"
        return lake.connection.execute(query, [subject]).to_arrow_table().to_pandas()


def keep(settings: Settings) -> bool:
    stream = read_definition(settings, "usage").stream
    return record(settings, "usage", origin=resolve_origin(SECOND, stream), previous=resolve_origin(FIRST, stream))


def test_changes_on_record_sum_to_the_change_and_know_the_event(home):
    assert keep(home)
    assert not keep(home)
    parts = explained(home, "change")
    assert len(parts)
    for (series, day), own in parts.groupby(["series_id", "day"]):
        until = str(pd.Timestamp(day) + pd.Timedelta(days=1))
        now, before = (published(home, series, origin, str(day), until) for origin in (SECOND, FIRST))
        assert own["value"].sum() == pytest.approx(now - before, abs=1e-6)
    moved = parts[(parts["series_id"] == "a") & (parts["part"] == "events")]
    assert moved["value"].abs().max() > 1
    assert parts.loc[(parts["series_id"] != "a") & (parts["part"] == "events"), "value"].abs().max() == 0
    assert parts.loc[parts["part"].isin(["model", "revised demand"]), "value"].abs().max() == 0
    assert parts.loc[parts["part"] == "new demand", "value"].abs().max() > 0
    assert parts.loc[parts["part"] == "rest", "value"].abs().max() < 1e-3


def test_means_on_record_are_those_published(home):
    keep(home)
    parts = explained(home, "mean")
    assert len(parts)
    for (series, day), own in parts.groupby(["series_id", "day"]):
        until = str(pd.Timestamp(day) + pd.Timedelta(days=1))
        assert own["value"].sum() == pytest.approx(published(home, series, SECOND, str(day), until), abs=1e-6)
        assert own["part"].iloc[-1] == "rest"


def test_revised_demand_is_told_from_new_demand(settings):
    define_stream(settings, horizon="2d", source='max_age = "2d"')
    rows = hourly_rows(days=DAYS, series=("a", "b")).assign(available_at=lambda own: own["ts"] + pd.Timedelta("1h"))
    late = rows[(rows["series_id"] == "a") & (rows["ts"] >= pd.Timestamp("2024-02-12", tz="UTC"))]
    late = late[late["ts"] < pd.Timestamp("2024-02-24", tz="UTC")]
    late = late.assign(y=1.5 * late["y"], available_at=pd.Timestamp("2024-02-24 06:00", tz="UTC"))
    deliver(settings, rows)
    ingest.run(settings, "usage", since=str(START.date()), until=FIRST)
    forecast.run(settings, "usage", origin=FIRST)
    deliver(settings, pd.concat([rows.drop(late.index), late]))
    ingest.run(settings, "usage", since=str(START.date()), until=SECOND)
    forecast.run(settings, "usage", origin=SECOND)
    keep(settings)
    parts = explained(settings, "change")
    own = parts[parts["series_id"] == "a"].groupby("part")["value"].apply(lambda values: np.abs(values).max())
    assert own["revised demand"] > 5 * own["new demand"]
    assert own["rest"] < 1e-3


def test_a_forecast_whose_weights_were_not_kept_is_left_alone(home):
    with open_lake(home) as lake:
        lake.connection.execute("delete from forecast.combinations")
    with pytest.raises(FeedError, match="kept no weights"):
        keep(home)
    for origin in (FIRST, SECOND):
        assert forecast.run(home, "usage", origin=origin).status == "unchanged"
    assert keep(home)


def test_adjustments_lead_from_the_published_mean_to_the_number_that_is_planned_with(home):
    before = explain(home, "usage", series="a", ts="2024-02-26")
    assert before.final is None
    said = {"operation": Operation.PERCENT, "value": 10.0, "scope": {"series_id": "a"}, "author": "ana"}
    adjust.add(home, "usage", **said, starts="2024-02-26", ends="2024-02-27", reason="spring offer")
    found = explain(home, "usage", series="a", ts="2024-02-26")
    with open_lake_to_read(home) as lake:
        ((final, statistical),) = lake.connection.execute(
            "select sum(mean), sum(statistical_mean) from analyst.forecast_final where series_id = 'a' "
            "and ts_local::date = '2024-02-26'"
        ).fetchall()
    assert found.mean == pytest.approx(statistical)
    assert found.final == pytest.approx(final) == pytest.approx(1.1 * found.mean)
    *parts, published_mean, adjustments, final_mean = found.parts.to_dict("records")
    assert sum(part["adds"] for part in parts) == pytest.approx(published_mean["so_far"])
    assert published_mean["so_far"] + adjustments["adds"] == pytest.approx(final_mean["so_far"]) == pytest.approx(final)
    assert any("of ana: percent 10, spring offer" in line for line in found.lines)
    assert explain(home, "usage", series="b", ts="2024-02-26").final is None


def test_adjustments_are_a_step_of_what_changed_and_of_what_a_forecast_is_made_of(home):
    said = {"operation": Operation.PERCENT, "value": 40.0, "scope": {"series_id": "a"}, "author": "ana"}
    adjust.add(home, "usage", **said, starts="2024-02-26", ends="2024-02-27", reason="spring offer")
    stream = read_definition(home, "usage").stream
    first, second = (resolve_origin(origin, stream) for origin in (FIRST, SECOND))
    record(home, "usage", origin=second, previous=first)
    named = {"stream": "usage", "origin": second, "previous": first, "zone": "UTC", "averages": False}
    with open_lake_to_read(home) as lake:
        changes, _ = ask(lake, "reports/changes.sql", **named, until=second + pd.Timedelta("3d"), most=50)
        splits, _ = ask(lake, "reports/splits.sql", **named, most=50)
        reasons, _ = ask(lake, "reports/reasons.sql", **named)
    day = pd.Timestamp("2024-02-26").date()
    changed = changes[(changes["series"] == "a") & (pd.to_datetime(changes["day"]).dt.date == day)].iloc[0]
    assert changed["by_adjustments"] > 0
    assert changed["change"] == pytest.approx(
        changed["by_events"] + changed["by_adjustments"] + changed["by_demand_and_model"]
    )
    split = splits[(splits["series"] == "a") & (pd.to_datetime(splits["day"]).dt.date == day)].iloc[0]
    assert split["adjustments"] == pytest.approx(changed["by_adjustments"])
    assert split["change"] == pytest.approx(changed["change"])
    assert split[splits.columns[3:]].astype(float).sum() == pytest.approx(split["change"])
    made = reasons[(reasons["series"] == "a") & (pd.to_datetime(reasons["day"]).dt.date == day)]
    assert made["part"].iloc[-1] == "adjustments of planners"
    assert made["so_far"].iloc[-1] == pytest.approx(changed["forecast_now"])
