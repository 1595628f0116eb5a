"""Which links can be planned, by what, and what is said of the others."""

import numpy as np
import pytest

from forecasting.errors import FeedError, SettingsError
from forecasting.jobs.capacity.links import read_links
from forecasting.jobs.common.session import open_session
from forecasting.panel.calendar.calendar import resolve_origin
from tests.backfills import frame
from tests.contact_centre import speaking
from tests.network import LATER, LINKS, ORIGIN, PEAKS, PINNED, PLANNED, RULES, TRAFFIC, changed_network


def links_of(settings, origin=ORIGIN):
    with open_session(settings, TRAFFIC) as session:
        return read_links(session, resolve_origin(origin, session.definition.stream))


@pytest.fixture(scope="module")
def links(network):
    return links_of(network)


def test_links_with_a_capacity_and_a_forecast_are_planned_by_their_newest_capacity(links):
    assert links.series_ids == PLANNED
    expected = [float(LINKS[name][1]) if name != "b.upgraded" else 10_000.0 for name in PLANNED]
    assert links.capacity.tolist() == expected
    assert links.parallel.tolist() == [LINKS[name][0] or "" for name in PLANNED]
    assert np.isfinite(links.peaks.quantiles[links.row]).all()
    assert (links.passed, links.note) == (0, None)
    assert links.dates[0] == np.datetime64(ORIGIN)


def test_every_bad_input_is_one_line_of_its_own(links):
    told = {(name, str(kind)): line for name, kind, line in links.findings}
    assert len(told) == len(links.findings)
    assert told == {
        ("b.upgraded", "capacity_changed"): "b.upgraded: capacity changed from 1000 to 10000 on 2024-04-15 UTC; the "
        "newest counts",
        ("c.alone", "alone"): "c.alone: no parallel link could carry its traffic: no n-1",
        ("d.loose", "orphan"): "d.loose: no attribute router: without parallel links, no n-1",
        ("e.nothing", "no_capacity"): "e.nothing: capacity_mbps is none, expected a number above 0: not planned",
        ("e.text", "no_capacity"): "e.text: capacity_mbps is '10G', expected a number above 0: not planned",
        ("e.zero", "no_capacity"): "e.zero: capacity_mbps is '0', expected a number above 0: not planned",
        ("g.new", "no_forecast"): "g.new: stream peaks does not forecast its peak on every day: not planned",
    }


def test_every_link_of_a_group_that_can_be_planned_may_fail(links):
    groups = [[0, 1, 2], [3, 4], [7, 8]]
    expected = [(f"n-1:{PLANNED[place]}", group, place) for group in groups for place in group]
    assert [(one.name, one.group.tolist(), int(one.group[one.failed])) for one in links.failures] == expected


def test_what_was_measured_before_the_origin_is_that_of_each_link(network, links):
    rows = frame(
        network,
        f"select series_id, y from analyst.history_as_of('{ORIGIN} 04:00:00+00') where stream = '{PEAKS}' order by ts",
    )
    before = links.before(np.array([8, 0]), 6)
    for place, name in enumerate(["f.twin", "a.full_soon"]):
        own = rows.loc[rows["series_id"] == name, "y"].to_numpy()[-6:]
        assert before[place] == pytest.approx(own, rel=1e-6)
    assert links.before(np.array([0]), 0).shape == (1, 0)
    assert links.before(np.array([0]), 999).shape[1] == links.peaks.panel.n_history


def test_only_demand_that_was_cut_off_is_suppressed(links):
    cut = links.suppressed[PLANNED.index("b.pinned")]
    assert 0 < cut < 0.1 * PINNED
    assert links.suppressed.sum() == cut


def test_an_older_forecast_is_looked_at_from_the_day_of_the_plan(network):
    later = links_of(network, LATER)
    assert later.passed == 7
    assert (later.dates[0], later.dates[-1]) == (np.datetime64(LATER), np.datetime64("2025-05-05"))
    assert later.note == "peaks are those of an older forecast, from 2024-06-10T04:00:00+00:00"
    next_day = links_of(network, "2024-06-11")
    assert (next_day.passed, next_day.note) == (1, None)
    assert links_of(network, "2024-06-10T15:00").passed == 0


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        ("2024-06-01", "stream peaks: no forecast from 2024-06-01T04:00:00.* or before was published; forecast first"),
        ("2024-08-20", "stream traffic: no series reported in the four weeks before 2024-08-20T04:00"),
        (
            "2025-03-10",
            "stream peaks: its newest forecast, from 2024-06-10.*, ends 2025-05-05, within planning.capacity",
        ),
        ("2025-06-10", "ends 2025-05-05.*; forecast again: forecasting run peaks --origin 2025-06-10"),
    ],
)
def test_an_origin_that_nothing_can_be_planned_from_is_refused(network, origin, told):
    refused(network, FeedError, told, origin=origin)


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ({"where": "series_id <> 'c.alone'"}, {"no_forecast"}),
        ({"where": "not (series_id = 'c.alone' and ts > '2024-12-24' and ts < '2024-12-26')"}, {"no_forecast"}),
        ({"where": "series_id <> 'f.twin'"}, {"alone", "no_forecast"}),
    ],
)
def test_a_link_whose_forecast_lacks_a_day_is_left_out_and_named(network, change, kinds):
    with speaking(network, PEAKS, ORIGIN, **change):
        found = links_of(network)
    gone = {"c.alone"} if "c.alone" in change["where"] else {"f.twin"}
    assert set(PLANNED) - set(found.series_ids) == gone
    named = gone | {"(several)"} if gone == {"f.twin"} else gone
    assert {str(kind) for name, kind, _ in found.findings if name in named} == kinds
    assert all(one.name not in {f"n-1:{name}" for name in named} for one in found.failures)


def test_without_a_group_nothing_fails_and_nobody_is_alone(network, tmp_path):
    found = links_of(changed_network(network, tmp_path, rules=RULES.replace('group = "router"\n', "")))
    assert (found.series_ids, found.failures) == (PLANNED, ())
    assert {str(kind) for _, kind, _ in found.findings} == {"capacity_changed", "no_capacity", "no_forecast"}


def refused(settings, error, told, *, origin=ORIGIN):
    with pytest.raises(error, match=told) as caught:
        links_of(settings, origin)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        (
            {"interval": "7d", "horizon": "364d"},
            SettingsError,
            "planning.capacity.peak_stream peaks has intervals of 7d; expected 1d",
        ),
        (
            {"peak_tables": '[[calendar.hours]]\nmon-fri = "00:00-24:00"\n'},
            SettingsError,
            "peak_stream peaks has opening hours; expected none",
        ),
        (
            {"rules": RULES.replace("capacity_mbps", "speed")},
            SettingsError,
            "capacity = 'speed' is no attribute of its series; expected one of capacity_mbps, circuits, router",
        ),
        (
            {"rules": RULES.replace('"router"', '"chassis"')},
            SettingsError,
            "group = 'chassis' is no attribute of its series; expected one of capacity_mbps, .*traffic.sql returns no "
            "column chassis, .* ingest traffic --since 2024-01-01",
        ),
        ({"rules": RULES.replace('"peaks"', '"nope"')}, SettingsError, "peak_stream nope does not exist"),
        (
            {"rules": "", "steps": ""},
            SettingsError,
            r"no capacity to plan, its definition has no \[planning.capacity\]",
        ),
        (
            {"rules": RULES.replace("capacity_mbps", "router")},
            FeedError,
            "none of its 13 series can be planned; a.full_soon: router is 'a', expected a number above 0",
        ),
    ],
)
def test_rules_that_do_not_fit_are_refused(network, tmp_path, changes, error, told):
    refused(changed_network(network, tmp_path, **changes), error, told)
