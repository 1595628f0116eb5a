"""Attributes of a row hold from it on: whenever they are pulled, an origin finds those that were known then."""

import numpy as np
import pandas as pd
import pytest

from forecasting.jobs import ingest
from forecasting.settings import Settings
from forecasting.store import attributes
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.tables.readings import attribute_changes, read_series
from tests.feeds import START, define_stream, deliver

DAYS = 7


def day(number: int) -> pd.Timestamp:
    return START + pd.Timedelta(days=number)


def text(number: int) -> str:
    return str(day(number).date())


def daily(**attributes: list[str | None]) -> pd.DataFrame:
    """One series with a value a day, and its attributes day by day."""
    ts = pd.date_range(START, periods=len(next(iter(attributes.values()))), freq="D")
    return pd.DataFrame({"series_id": "a", "ts": ts, "y": np.arange(1.0, len(ts) + 1)} | attributes)


@pytest.fixture
def stream(settings: Settings) -> Settings:
    define_stream(settings, interval="1d", horizon="28d", source='lookback = "3d"')
    return settings


def pull(settings: Settings, rows: pd.DataFrame, *, until: int, since: int | None = None) -> None:
    deliver(settings, rows)
    ingest.run(settings, "usage", until=text(until), since=None if since is None else text(since))


def all_known(settings: Settings, origins: range) -> list[dict[str, dict[str, str]]]:
    """Attributes by series as each origin finds them."""
    stream = read_definition(settings, "usage").stream
    with open_lake_to_read(settings) as lake:
        series = [read_series(lake, stream, day(origin)).set_index("series_id") for origin in origins]
    return [{name: row.dropna().to_dict() for name, row in one.iterrows()} for one in series]


def known(settings: Settings, origin: int) -> dict[str, dict[str, str]]:
    return all_known(settings, range(origin, origin + 1))[0]


def capacities(settings: Settings, origins: range, *, name: str = "capacity") -> list[str | None]:
    return [found["a"].get(name) for found in all_known(settings, origins)]


def stored(settings: Settings) -> int:
    with open_lake_to_read(settings) as lake:
        return lake.connection.table("history.series").shape[0]


def test_the_whole_history_at_once_tells_each_day_what_held_on_it(stream):
    pull(stream, daily(capacity=["1"] * 4 + ["10"] * 3 + ["1"] * 3, region=["west"] * 6 + ["east"] * 4), until=10)
    assert capacities(stream, range(1, 11)) == ["1"] * 4 + ["10"] * 3 + ["1"] * 3, "an upgrade, and back"
    assert capacities(stream, range(1, 11), name="region") == ["west"] * 6 + ["east"] * 4
    assert stored(stream) == 4, "only changes are stored"


def test_a_change_is_found_after_a_first_pull(stream):
    pull(stream, daily(capacity=["1"] * 4 + ["10"] * 6), until=10)
    with open_lake_to_read(stream) as lake:
        usage = read_definition(stream, "usage").stream
        found = [attribute_changes(lake, usage, day(origin), attribute="capacity") for origin in (4, 5)]
    assert [len(rows) for rows in found] == [0, 1]
    assert found[1][["since", "before", "value"]].to_numpy().tolist() == [[day(4), "1", "10"]]


def test_a_row_without_an_attribute_changes_nothing(stream):
    pull(stream, daily(capacity=[None, "1", None, None, "10", None], region=["x"] * 6), until=6)
    assert capacities(stream, range(1, 7)) == [None, "1", "1", "1", "10", "10"]
    assert stored(stream) == 3


def test_a_series_without_attributes_has_none_from_its_first_row_on(stream):
    pull(stream, daily(capacity=[None, None]).drop(columns="capacity"), until=2)
    assert known(stream, 1) == {"a": {}}
    assert stored(stream) == 1


def test_pulled_again_nothing_is_stored(stream):
    rows = daily(capacity=["1", "10", "1", "10", None, "10", "1", "1", "1", "1"])
    pull(stream, rows, until=10)
    before = stored(stream)
    pull(stream, rows, until=10)
    pull(stream, rows, until=10, since=0)
    pull(stream, rows, until=7, since=2)
    assert stored(stream) == before


def test_a_correction_is_known_from_then_on_and_holds_for_its_days_only(stream):
    rows = daily(capacity=["1"] * 8)
    pull(stream, rows, until=8)
    corrected = rows.assign(capacity=["1"] * 2 + ["5"] * 2 + ["1"] * 4)
    pull(stream, corrected, until=6, since=1)
    assert capacities(stream, range(1, 8)) == ["1"] * 7, "no origin of the past knew it"
    with open_lake_to_read(stream) as lake:
        rows = lake.connection.execute(
            "select valid_from, known_at, attributes['capacity'] from history.series order by all"
        ).fetchall()
    assert [(at, value) for at, _, value in rows] == [(day(0), "1"), (day(2), "5"), (day(4), "1")]
    assert [known_at for _, known_at, _ in rows] == [day(1), day(8), day(8)]


def test_what_held_behind_a_span_that_was_pulled_again_holds_still(stream):
    rows = daily(capacity=["1"] * 8)
    pull(stream, rows, until=8)
    pull(stream, rows.assign(capacity="5"), until=6, since=2)
    assert capacities(stream, range(8, 9)) == ["1"], "the days from 6 on were not pulled and said 1"
    pull(stream, rows.assign(capacity="5"), until=8, since=2)
    assert known(stream, 9)["a"]["capacity"] == "5"


def test_a_value_corrected_twice_at_one_watermark_is_two_versions(stream):
    rows = daily(capacity=["1"] * 4)
    pull(stream, rows, until=4)
    for value in ("5", "7", "7"):
        pull(stream, rows.assign(capacity=value), until=4)
    assert known(stream, 5)["a"]["capacity"] == "7"
    with open_lake_to_read(stream) as lake:
        keys = lake.connection.execute("select valid_from, known_at from history.series").fetchall()
    assert len(set(keys)) == len(keys)


def test_older_usage_that_is_pulled_later_brings_its_own_attributes(stream):
    rows = daily(capacity=["1"] * 3 + ["2"] * 7)
    pull(stream, rows, until=10, since=5)
    pull(stream, rows, until=5, since=0)
    assert capacities(stream, range(1, 11)) == ["1"] * 3 + ["2"] * 7


def test_a_rejected_row_says_nothing(stream):
    rows = daily(capacity=["1"] * 60)
    rows.loc[30, ["y", "capacity"]] = [-1.0, "9"]
    define_stream(stream, interval="1d", horizon="28d", source='lookback = "3d"\nmax_bad_share = 0.1')
    pull(stream, rows, until=60)
    assert stored(stream) == 1


def wander(seed: int) -> pd.DataFrame:
    """Three series whose attributes come and go, the third one from a later day on, a value missing here and there."""
    rng = np.random.default_rng(seed)
    parts = []
    for number, name in enumerate("abc"):
        ts = pd.date_range(day(2 if number == 2 else 0), day(DAYS), freq="D", inclusive="left")
        drawn = {key: rng.choice([None, "1", "2", "3"], len(ts), p=[0.3, 0.5, 0.1, 0.1]) for key in ("size", "site")}
        y = rng.uniform(1, 2, len(ts))
        parts.append(pd.DataFrame({"series_id": name, "ts": ts, "y": y, **drawn}).loc[rng.random(len(ts)) > 0.15])
    return pd.concat(parts, ignore_index=True)


def expected(rows: pd.DataFrame, origin: int) -> dict[str, dict[str, str]]:
    """Series that reported before an origin, each attribute as its last row that has it."""
    past = rows[rows["ts"] < day(origin)]
    return {
        str(name): own[["size", "site"]].ffill().iloc[-1].dropna().to_dict() for name, own in past.groupby("series_id")
    }


@pytest.mark.parametrize("clocked", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_an_origin_finds_the_same_whether_the_feed_was_pulled_daily_or_at_once(settings, tmp_path, clocked):
    rows = wander(seed=3)
    if clocked:
        rows["available_at"] = rows["ts"] + pd.Timedelta(days=1)
    homes = {}
    for name in ("daily", "once"):
        home = settings.model_copy(
            update={
                "home": tmp_path / name,
                "streams": tmp_path / name / "streams",
                "data": str(tmp_path / name / "data"),
                "catalog": f"sqlite:{tmp_path / name}/catalog.sqlite",
            }
        )
        define_stream(home, interval="1d", horizon="28d", source='lookback = "3d"')
        deliver(home, rows)
        for until in range(1, DAYS + 1) if name == "daily" else [DAYS]:
            ingest.run(home, "usage", until=text(until))
        homes[name] = home
    told = [expected(rows, origin) for origin in range(1, DAYS + 1)]
    for name, home in homes.items():
        assert all_known(home, range(1, DAYS + 1)) == told, name


def test_a_measurement_among_the_attributes_costs_no_history_of_its_own(stream, monkeypatch, caplog):
    monkeypatch.setattr(attributes, "MOST_STEPS", 5)
    rows = daily(errors=[str(number) for number in range(8)], region=["x"] * 8)
    pull(stream, rows, until=8)
    assert "attributes differ from the row before in 8 of 8 rows" in caplog.text
    assert known(stream, 1)["a"] == known(stream, 8)["a"] == {"errors": "7", "region": "x"}
    assert stored(stream) == 1
