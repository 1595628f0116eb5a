"""Panels of several origins, each read from what became known since the one before."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import FeedError, InsufficientHistoryError, SettingsError
from forecasting.jobs.common.panels import PanelReader, panel_as_of
from forecasting.panel.grid import Panel, fingerprint
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from tests.feeds import START, define_stream

HOUR, DAY = pd.Timedelta("1h"), pd.Timedelta("1D")
TURN = datetime(2024, 4, 15, tzinfo=UTC)
"""From this origin on history begins a block of four weeks later."""

INTO = {
    "demand": "insert into history.demand by name select *, 'r' as run_id, now() as loaded_at from rows",
    "series": "insert into history.series by name "
    "select * exclude region, map {'region': region} as attributes, 'r' as run_id from rows",
    "events": "insert into history.events by name "
    "select * exclude series_id, map {'series_id': series_id} as scope, 'r' as run_id from rows",
    "ingests": "insert into history.ingests select 'r', 'usage', since, until, 0, 0, 0, 0 from rows",
}


def write(lake: Lake, table: str, rows: pd.DataFrame) -> None:
    lake.connection.register("rows", rows)
    lake.connection.execute(INTO[table])
    lake.connection.unregister("rows")


def at(number: float) -> pd.Timestamp:
    return START + number * DAY


def values(
    series_id: str, rng: np.random.Generator, *, since: float = 0, until: float = 115, step: pd.Timedelta = HOUR
) -> pd.DataFrame:
    """Demand from day to day, each value known as its interval ends."""
    ts = pd.date_range(at(since), at(until), freq=step, inclusive="left")
    y = rng.poisson(50 * (1.5 + np.sin(np.arange(len(ts)) / 4))).astype(float)
    frame = pd.DataFrame({"stream": "usage", "series_id": series_id, "ts": ts, "y": y, "available_at": ts + step})
    # the feed leaves open what it does not know to be a bound
    return frame.assign(censored=pd.array(np.where(y > 125, True, None), "boolean"))


def revisions(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Later versions of a fifth of the values, some of them withdrawn."""
    some = rows[rng.random(len(rows)) < 0.2]
    late = pd.to_timedelta(rng.integers(1, 60 * 24, len(some)), unit="h")
    y = np.where(rng.random(len(some)) < 0.2, np.nan, some["y"] * 1.5)
    censored = pd.array(rng.choice([True, False, None], len(some), p=[0.1, 0.4, 0.5]), "boolean")
    return some.assign(y=y, available_at=some["available_at"] + late, censored=censored)


def attributes(*rows: tuple[str, float, float, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["series_id", "valid_from", "known_at", "region"])
    return frame.assign(stream="usage", valid_from=frame["valid_from"].map(at), known_at=frame["known_at"].map(at))


def events(*rows: tuple[str, str, str, float, float, float, bool]) -> pd.DataFrame:
    names = ["event_id", "kind", "series_id", "starts_at", "ends_at", "known_at", "withdrawn"]
    frame = pd.DataFrame(rows, columns=names).assign(name="")
    return frame.assign(**{name: frame[name].map(at) for name in ("starts_at", "ends_at", "known_at")})


def fill(lake: Lake, *, step: pd.Timedelta = HOUR, seed: int = 0) -> None:
    """All that can become known between two origins, around day 105, the turn of the block."""
    rng = np.random.default_rng(seed)
    steady = [values(key, rng, step=step) for key in ("a", "b", "c")]
    late = values("late", rng, since=60, step=step)
    late["available_at"] = late["available_at"].clip(lower=at(103.5))
    others = [late, values("new", rng, since=101, step=step), values("retired", rng, until=76, step=step)]
    rows = pd.concat([*steady, *others])
    write(lake, "demand", pd.concat([rows, revisions(rows, rng)]))
    known = [(key, 0.0, 0.0, "south") for key in ("a", "b", "c", "late", "retired")]
    write(lake, "series", attributes(*known, ("new", 101, 101, "south"), ("b", 90, 102.5, "north")))
    write(
        lake,
        "events",
        events(
            ("closed", "closure", "a", 98, 99, 104, False),
            ("lost", "outage", "b", 95, 97, 103.2, False),
            ("lost", "outage", "b", 95, 97, 106, True),
            ("sale", "campaign", "c", 105, 112, 105, False),
        ),
    )


@pytest.fixture
def lake(settings: Settings):
    define(settings)
    with open_lake(settings) as opened:
        yield opened


def define(settings: Settings, **given: str) -> None:
    office = '[[calendar.hours]]\nwhere = { region = "north" }\nmon-sun = "06:00-20:00"\n'
    tables = given.pop("tables", f'{office}[[calendar.hours]]\nmon-sun = "00:00-24:00"\n')
    define_stream(settings, models='history = "28d"', tables=tables, **given)


def stream_of(lake: Lake):
    return read_definition(lake.settings, "usage").stream


def assert_same(one: Panel, other: Panel) -> None:
    for name, value in vars(one).items():
        if isinstance(value, np.ndarray):
            assert value.dtype == getattr(other, name).dtype, name
            np.testing.assert_array_equal(value, getattr(other, name), err_msg=name)
        elif isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(value, getattr(other, name))
        else:
            assert value == getattr(other, name), name
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize("seed", range(3))
def test_panels_read_one_after_another_are_those_read_alone(lake, seed):
    fill(lake, seed=seed)
    stream, every = stream_of(lake), [TURN + timedelta(days=day) for day in range(-5, 5)]
    some = np.sort(np.random.default_rng(seed).choice(len(every), size=6, replace=False)) if seed else range(len(every))
    origins = [every[place] for place in some]
    reader = PanelReader(lake, stream, origins)
    panels = [reader.panel(origin) for origin in origins]
    for origin, panel in zip(origins, panels, strict=True):
        assert_same(panel, panel_as_of(lake, stream, origin))
    # what was read before stays as it was, and an origin may be asked for twice
    assert_same(reader.panel(origins[-1]), panels[-1])
    if not seed:
        starts = [panel.ts[0] for panel in panels]
        assert len(set(starts)) == 2
        assert len({panel.n_series for panel in panels}) > 1
        assert len({fingerprint(panel) for panel in panels}) == len(panels)
        assert all(panel.censored.any() and (panel.suppressed > 0).any() for panel in panels)


def test_days_and_weeks_over_a_clock_change_are_read_one_after_another_too(settings):
    define(settings, interval="1d", timezone="Europe/Berlin", horizon="7d", tables="")
    with open_lake(settings) as lake:
        rng = np.random.default_rng(0)
        days = pd.date_range("2024-01-01", "2024-04-24", tz="Europe/Berlin", name="ts").tz_convert("UTC")
        known = pd.DataFrame({"stream": "usage", "ts": days, "y": rng.poisson(50, len(days)).astype(float)})
        known = known.assign(available_at=known["ts"] + DAY)
        rows = pd.concat([known.assign(series_id=key) for key in ("a", "b")])
        write(lake, "demand", pd.concat([rows, revisions(rows, rng)]))
        write(lake, "series", attributes(("a", 0, 0, ""), ("b", 0, 0, "")))
        stream = stream_of(lake)
        origins = [pd.Timestamp(day, tz="Europe/Berlin").to_pydatetime() for day in ("2024-03-30", "2024-04-01")]
        origins += [origins[-1] + timedelta(days=13), origins[-1] + timedelta(days=20)]
        reader = PanelReader(lake, stream, origins)
        for origin in origins:
            assert_same(reader.panel(origin), panel_as_of(lake, stream, origin))


def test_a_pause_longer_than_history_is_bridged(lake):
    rng = np.random.default_rng(0)
    write(lake, "demand", pd.concat([values("a", rng), values("b", rng, since=80)]))
    write(lake, "series", attributes(("a", 0, 0, "south"), ("b", 80, 80, "south")))
    origins = [at(day).to_pydatetime() for day in (20, 110)]
    reader = PanelReader(lake, stream_of(lake), origins)
    for origin in origins:
        assert_same(reader.panel(origin), panel_as_of(lake, stream_of(lake), origin))


def test_what_an_ingest_brings_in_between_is_seen_even_where_it_was_known_long_ago(lake):
    fill(lake)
    stream, origins = stream_of(lake), [TURN, TURN + timedelta(days=1), TURN + timedelta(days=2)]
    reader = PanelReader(lake, stream, origins)
    for number, origin in enumerate(origins):
        assert_same(reader.panel(origin), panel_as_of(lake, stream, origin))
        key = f"forgotten{number}"
        write(lake, "demand", values(key, np.random.default_rng(number), since=80))
        write(lake, "series", attributes((key, 80, 80, "north")))
        write(lake, "ingests", pd.DataFrame({"since": [at(80)], "until": [at(115)]}))
    assert "forgotten1" in reader.panel(origins[-1]).series_ids


def test_an_origin_that_has_no_panel_does_not_spoil_those_after_it(lake):
    rng = np.random.default_rng(0)
    write(lake, "demand", pd.concat([values("a", rng, since=2, until=20), values("a", rng, since=60)]))
    write(lake, "series", attributes(("a", 2, 2, "south")))
    stream, origins = stream_of(lake), [at(day).to_pydatetime() for day in (2, 15, 55, 70)]
    reader = PanelReader(lake, stream, origins)
    with pytest.raises(SettingsError, match="lies before the data, which begin at 2024-01-03"):
        reader.panel(origins[0])
    assert_same(reader.panel(origins[1]), panel_as_of(lake, stream, origins[1]))
    with pytest.raises(FeedError, match="no series reported in the four weeks before origin 2024-02-25"):
        reader.panel(origins[2])
    assert_same(reader.panel(origins[3]), panel_as_of(lake, stream, origins[3]))


def test_a_stream_without_history_says_what_to_run(lake):
    with pytest.raises(InsufficientHistoryError, match="no history yet; run `forecasting ingest usage` first"):
        PanelReader(lake, stream_of(lake), [TURN]).panel(TURN)
