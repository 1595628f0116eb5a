"""Joint forecasts: parts and totals that add, path by path."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.config.sections import HierarchySection
from forecasting.config.stream import Stream
from forecasting.contracts.outputs import check_aggregates, check_paths
from forecasting.ensemble import joint
from forecasting.ensemble.calibrated import forecast_panel
from forecasting.ensemble.joint import Joint, join
from forecasting.ensemble.reconciliation import HierarchyNodes, MethodChoice
from forecasting.ensemble.weighing import ForecastCache
from forecasting.errors import SettingsError
from forecasting.jobs.common.forecast_rows import rows_expected
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.panel.grid import Panel
from forecasting.panel.hierarchy import build_hierarchy
from forecasting.terms import QUANTILE_COLUMNS
from forecasting.uncertainty.aggregates import quantiles_of_paths
from forecasting.uncertainty.mint import Mint
from forecasting.uncertainty.reconcile import BOTTOM_UP, MINT
from tests.panel.factories import build_from, make_demand, make_series, make_stream

ORIGIN = "2024-11-01"
"""Two days before clocks go back: the horizon of 96 hours ends an hour before its last midnight."""
DESK = {"where": {"kind": "desk"}, "mon-fri": "08:00-18:00"}
SERIES = make_series(
    "a",
    "b",
    "c",
    "d",
    "e",
    region=["qc", "qc", "qc", "on", "on"],
    site=["mtl", "mtl", "yul", "tor", "tor"],
    kind=["line", "line", "line", "line", "desk"],
)


def make_hierarchical(levels: tuple[str, ...] = ("region", "site"), **given: Any) -> Stream:
    given = {"timezone": "America/Toronto", "horizon": "4d", "history": "56d", "hours": [DESK], **given}
    return make_stream(**given).model_copy(update={"hierarchy": HierarchySection(levels=levels, keep_paths=True)})


def make_joint_panel(
    stream: Stream, series: pd.DataFrame = SERIES, *, origin: str = ORIGIN, since: str = "2024-08-01"
) -> Panel:
    """Series that share some of their luck, each with a level of its own."""
    rng, ids = np.random.default_rng(4), series["series_id"].tolist()
    rows = make_demand(stream, *ids, since=since, until=origin)
    count = len(rows) // len(ids)
    day = 1 + 0.4 * np.sin(np.arange(count) * 2 * np.pi / 24)
    together = rng.standard_normal(count)
    luck = np.exp(0.2 * together + 0.1 * rng.standard_normal((len(ids), count)))
    level = 20.0 * (1 + np.arange(len(ids)))
    return build_from(stream, rows.assign(y=(level[:, None] * day * luck).ravel()), origin=origin, series=series)


def run(stream: Stream, panel: Panel, *, origin: str = ORIGIN, **given: Any) -> Joint:
    forecast = forecast_panel(panel, {})
    return join(stream, panel, forecast, {}, origin=resolve_origin(origin, stream), **given)


@pytest.fixture(scope="module")
def stream() -> Stream:
    return make_hierarchical()


@pytest.fixture(scope="module")
def panel(stream: Stream) -> Panel:
    return make_joint_panel(stream)


@pytest.fixture(scope="module")
def found(stream: Stream, panel: Panel) -> Joint:
    return run(stream, panel)


def trusting(nodes: HierarchyNodes, *_: Any, **__: Any) -> MethodChoice:
    """MinT by errors that have nothing to do with each other, those of groups being smaller."""
    groups, series = nodes.hierarchy.summing.shape
    deviation = np.concatenate([np.full(groups, 0.5), np.ones(series)])
    return MethodChoice(MINT, Mint(1.0, deviation, np.ones(len(deviation)), np.zeros((0, len(deviation)))), {})


def adding_up(*_: Any, **__: Any) -> MethodChoice:
    return MethodChoice(BOTTOM_UP, None, {})


@pytest.fixture(scope="module", params=[adding_up, trusting], ids=[BOTTOM_UP, MINT])
def by_method(request: pytest.FixtureRequest, stream: Stream, panel: Panel) -> Joint:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joint, "choose_reconciliation", request.param)
        return run(stream, panel)


def select(found: Joint, **named: str) -> pd.DataFrame:
    rows = found.aggregates
    for name, value in named.items():
        rows = rows[rows[name].astype(str) == value]
    return rows.sort_values("ts", ignore_index=True)


def members_of(found: Joint) -> dict[tuple[str, str], np.ndarray]:
    """Which series each group sums, from the attributes."""
    names = found.nodes.panel.attributes
    path = {"all": ["all"] * len(names), "region": names["region"], "site": names["region"] + "/" + names["site"]}
    return {
        (level, key): np.flatnonzero(np.asarray(own) == key) for level, own in path.items() for key in sorted(set(own))
    }


def stored(found: Joint) -> np.ndarray:
    """(N, H, S) paths as they are stored, nothing where closed."""
    panel, rows = found.nodes.panel, found.paths
    paths = np.zeros((panel.n_series, panel.n_horizon, len(rows["y"].iloc[0])))
    place = np.searchsorted(panel.ts[panel.n_history :], rows["ts"].dt.tz_convert(None).to_numpy())
    paths[np.searchsorted(panel.series_ids, rows["series_id"].astype(str)), place] = np.stack(rows["y"].to_list())
    return paths


def horizon_open(panel: Panel) -> np.ndarray:
    return panel.open[:, panel.n_history :]


def test_the_mean_of_a_group_is_the_sum_of_its_series_means(by_method, panel):
    mean = np.where(horizon_open(panel), by_method.mean, 0).astype(float)
    for (level, key), rows in members_of(by_method).items():
        selected = select(by_method, level=level, group_key=key, period="interval", stat="sum")
        assert len(selected) == panel.n_horizon
        np.testing.assert_allclose(selected["mean"], mean[rows].sum(axis=0), rtol=1e-6)


def test_days_add_up_too(by_method, panel):
    mean = np.where(horizon_open(panel), by_method.mean, 0).astype(float)
    day = panel.wall[panel.n_history :].astype("datetime64[D]")
    selected = select(by_method, level="region", group_key="qc", period="day", stat="sum")
    expected = [mean[:3, day == one].sum() for one in np.unique(day)[:-1]]
    np.testing.assert_allclose(selected["mean"], expected, rtol=1e-6)
    parts = [select(by_method, level="series", group_key=one, period="day", stat="sum")["mean"] for one in "abc"]
    np.testing.assert_allclose(selected["mean"], np.sum(parts, axis=0), rtol=1e-6)


def test_only_whole_local_days_are_summed_also_where_clocks_go_back(found):
    selected = select(found, level="all", period="day", stat="sum")
    local = selected["ts"].dt.tz_convert("America/Toronto")
    assert local.dt.strftime("%m-%d %H:%M").tolist() == [f"11-0{day} 00:00" for day in range(1, 4)]
    assert (found.nodes.panel.wall[-1] - np.datetime64("2024-11-04T22:00")).astype(int) == 0


def test_stored_paths_have_the_quantiles_of_the_aggregates(by_method, panel):
    paths = stored(by_method)
    day = panel.wall[panel.n_history :].astype("datetime64[D]")
    for (level, key), rows in members_of(by_method).items():
        hours = quantiles_of_paths(paths[rows].sum(axis=0))
        selected = select(by_method, level=level, group_key=key, period="interval")
        np.testing.assert_allclose(selected[list(QUANTILE_COLUMNS)], hours, rtol=1e-5, atol=1e-5)
        days = np.stack([paths[rows][:, day == one].sum(axis=(0, 1)) for one in np.unique(day)[:-1]])
        selected = select(by_method, level=level, group_key=key, period="day", stat="sum")
        np.testing.assert_allclose(selected[list(QUANTILE_COLUMNS)], quantiles_of_paths(days), rtol=1e-5)


def test_paths_have_the_quantiles_that_are_published(by_method, panel):
    is_open = horizon_open(panel)
    selected = by_method.forecast.quantiles[is_open]
    np.testing.assert_allclose(quantiles_of_paths(stored(by_method)[is_open]), selected, rtol=0.02, atol=0.05)


def test_quantiles_do_not_add(found):
    parts = found.forecast.quantiles[:3, :, -1].sum(axis=0)
    hours = select(found, level="region", group_key="qc", period="interval")
    assert (hours["q95"] < 0.995 * parts).mean() > 0.9
    days = select(found, level="region", group_key="qc", period="day", stat="sum")
    day = hours["ts"].dt.tz_convert("America/Toronto").dt.date
    summed = hours.groupby(day)["q95"].sum().to_numpy()[: len(days)]
    assert (days["q95"] < 0.98 * summed).all()


def test_bottom_up_publishes_what_was_forecast(stream, panel, monkeypatch):
    monkeypatch.setattr(joint, "choose_reconciliation", adding_up)
    found = run(stream, panel)
    forecast = forecast_panel(panel, {})
    np.testing.assert_array_equal(found.forecast.quantiles, forecast.quantiles)
    np.testing.assert_array_equal(found.mean, forecast.mean)


def test_mint_moves_series_toward_their_groups(stream, panel, monkeypatch):
    monkeypatch.setattr(joint, "choose_reconciliation", trusting)
    before = forecast_panel(panel, {})

    def doubling(given: Panel, *rest: Any, **named: Any) -> Any:
        predicted = forecast_panel(given, *rest, **named)
        return replace(predicted, quantiles=1.5 * predicted.quantiles)

    monkeypatch.setattr("forecasting.ensemble.reconciliation.forecast_panel", doubling)
    moved = join(stream, panel, before, {}, origin=resolve_origin(ORIGIN, stream))
    is_open = horizon_open(panel)
    share = moved.mean[is_open] / before.mean[is_open]
    assert 1.2 < np.median(share) < 1.6
    assert (np.diff(moved.forecast.quantiles) >= 0).all()


def test_tables_hold_their_contracts(by_method, panel):
    check_aggregates(by_method.aggregates)
    check_paths(by_method.paths, expected=rows_expected(panel))
    closed = ~horizon_open(panel)
    assert closed[4].any()
    assert not closed[0].any()
    assert (stored(by_method)[closed] == 0).all()
    kinds = by_method.aggregates[["level", "period"]].astype(str).drop_duplicates()
    assert set(map(tuple, kinds.to_numpy())) == {
        *((level, period) for level in ("all", "region", "site") for period in ("interval", "day")),
        ("series", "day"),
    }


def test_equal_input_makes_equal_bits_whatever_was_forecast_before(stream, panel, found):
    cache = ForecastCache()
    forecast = forecast_panel(panel, {}, cache=cache)
    again = join(stream, panel, forecast, {}, origin=resolve_origin(ORIGIN, stream), cache=cache)
    pd.testing.assert_frame_equal(again.aggregates, found.aggregates, check_exact=True)
    np.testing.assert_array_equal(np.stack(again.paths["y"].to_list()), np.stack(found.paths["y"].to_list()))


def test_another_origin_draws_other_luck(stream, panel, found):
    later = join(stream, panel, forecast_panel(panel, {}), {}, origin=resolve_origin("2024-11-02", stream))
    assert (stored(later) != stored(found))[horizon_open(panel)].mean() > 0.9


def as_maxima(stream: Stream, panel: Panel) -> tuple[Stream, Panel]:
    section = stream.stream.model_copy(update={"aggregate": "max"})
    return stream.model_copy(update={"stream": section}), panel


def as_weighted(stream: Stream, panel: Panel) -> tuple[Stream, Panel]:
    return stream, replace(panel, weight=np.ones(panel.y.shape, np.float32))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (as_maxima, r"calls: hierarchy: its values are maxima, which do not add over series; take \[hierarchy\] out"),
        (as_weighted, "values are means with weights of their own, which do not add over series"),
        (lambda stream, panel: (stream.model_copy(update={"hierarchy": None}), panel), "expected a .hierarchy. to sum"),
    ],
    ids=["maxima", "weights", "no hierarchy"],
)
def test_values_that_do_not_add_are_refused(
    make: Callable[[Stream, Panel], tuple[Stream, Panel]], message: str, stream: Stream, panel: Panel
):
    changed, given = make(stream, panel)
    forecast, origin = forecast_panel(panel, {}), resolve_origin(ORIGIN, stream)
    with pytest.raises(SettingsError, match=message):
        join(changed, given, forecast, {}, origin=origin)


def note_of(found: Joint, **attributes: list[str]) -> str:
    """What would be said of the series, were their attributes these."""
    changed = found.nodes.panel.attributes.assign(**attributes)
    hierarchy = build_hierarchy(changed, found.nodes.hierarchy.levels[1:])
    return replace(found, nodes=replace(found.nodes, hierarchy=hierarchy)).note


def test_findings_of_the_hierarchy_are_reported(found):
    assert found.note is None
    note = note_of(found, region=["qc", "", "qc", "on", "on"], site=["mtl", "mtl", "yul", "mtl", "tor"])
    assert note.startswith("series b has no region; it counts under (none) at region and below; ")
    assert note.endswith("site mtl lies in region on and qc; it counts as one group in each")
    many = note_of(found, region=["", "", "", "", ""])
    assert many.count("has no region") == joint.NAMED
    assert many.endswith("; and 2 more like these")


def test_means_over_time_are_rates_of_their_periods(stream, panel):
    section = stream.stream.model_copy(update={"aggregate": "mean"})
    rates = run(stream.model_copy(update={"stream": section}), panel)
    assert set(rates.aggregates["stat"].astype(str)) == {"mean", "max", "p95", "busy_hour"}
    day = select(rates, level="all", period="day", stat="mean")["mean"]
    mean = np.where(horizon_open(panel), rates.mean, 0).astype(float).sum(axis=0)
    np.testing.assert_allclose(day.iloc[0], mean[:24].mean(), rtol=1e-6)


@pytest.mark.parametrize("levels", [(), ("region", "site")])
def test_one_series_is_each_of_its_groups(levels):
    stream = make_hierarchical(levels)
    panel = make_joint_panel(stream, SERIES.iloc[:1])
    found = run(stream, panel)
    for level in ("all", *levels):
        selected = select(found, level=level, period="interval")
        np.testing.assert_allclose(selected["mean"], found.mean[0], rtol=1e-6)
    check_aggregates(found.aggregates)


def test_daily_streams_have_weeks_and_no_days():
    stream = make_hierarchical(interval="1d", horizon="14d", hours=[], history="224d")
    panel = make_joint_panel(stream, since="2024-03-01")
    found = run(stream, panel)
    check_aggregates(found.aggregates)
    assert set(found.aggregates["period"].astype(str)) == {"interval", "week"}
    week = select(found, level="all", period="week", stat="sum")
    # of the Mondays only 4 November has its week in the horizon
    assert week["ts"].dt.tz_convert("America/Toronto").dt.strftime("%m-%d").tolist() == ["11-04"]
    np.testing.assert_allclose(week["mean"].iloc[0], found.mean[:, 3:10].astype(float).sum(), rtol=1e-6)


def test_a_horizon_of_one_interval_is_summed():
    stream = make_hierarchical(horizon="1h", hours=[])
    found = run(stream, make_joint_panel(stream))
    assert set(found.aggregates["period"].astype(str)) == {"interval"}
    assert len(found.paths) == len(SERIES)
    np.testing.assert_allclose(select(found, level="all")["mean"], found.mean.astype(float).sum(), rtol=1e-6)


def test_where_everybody_is_closed_nothing_is_forecast(stream, panel):
    is_open = panel.open.copy()
    is_open[:, panel.n_history :] = False
    found = run(stream, replace(panel, open=is_open))
    assert not len(found.aggregates)
    assert not len(found.paths)


def test_without_any_held_back_origin_sums_are_those_of_series():
    stream = make_hierarchical(hours=[])
    panel = make_joint_panel(stream, since="2024-10-20")
    found = run(stream, panel)
    assert (found.choice.method, found.nodes.origin_columns) == (BOTTOM_UP, ())
    check_aggregates(found.aggregates)


def test_the_time_of_an_origin_is_that_of_the_joint_forecast(found, stream):
    assert found.origin == resolve_origin(ORIGIN, stream)
    assert isinstance(found.origin, datetime)
