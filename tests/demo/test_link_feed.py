"""The counter feed against its truth, through the real extract, and against a reckoning poll by poll."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import forecasting
from forecasting.demo.counters import (
    FULL_SHARE,
    hourly_mbps,
    make_links,
    poll_counters,
    run_out_days,
    traffic_level,
)
from forecasting.demo.feeds import write_link_feed
from forecasting.demo.truth import LinkTruth
from forecasting.jobs import ingest
from forecasting.store.lake.open import open_lake_to_read
from tests.demo.extracts import count_rows, matrix, run_extract

DEFINITIONS = Path(forecasting.__file__).parent / "definitions"
SINCE = datetime(2026, 2, 13, tzinfo=UTC)
UNTIL = datetime(2026, 2, 22, tzinfo=UTC)
WINDOW = {"since": SINCE, "until": UNTIL}


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LinkTruth]:
    folder = tmp_path_factory.mktemp("links")
    return folder, write_link_feed(folder, seed=2, n_links=140, days=9, start=SINCE.date())


def reckon(polls: pd.DataFrame, *, shift: timedelta = timedelta(0)) -> pd.Series:
    """Mbit/s by link and hour, each step between two polls judged by itself: the extract's rules without its speed.

    shift: of the grid of hours against UTC's.
    """
    polls = polls.sort_values(["link_id", "polled_at"]).drop_duplicates(["link_id", "polled_at"])
    before = polls.groupby("link_id").shift()
    hour = (polls["polled_at"] - shift).dt.floor("h") + shift
    seconds = (polls["polled_at"] - before["polled_at"]).dt.total_seconds()
    growth = []
    for now, then, width, gap, line in zip(
        polls["octets"],
        before["octets"],
        polls["counter_bits"],
        seconds,
        polls["capacity_mbps"] * 137_500.0,
        strict=True,
    ):
        step = None if then is None or pd.isna(then) else int(now) - int(then)
        if step is not None and step < 0:
            step = step + 2 ** int(width) if step + 2 ** int(width) <= line * gap else None
        growth.append(np.nan if step is None or line * gap >= 2 ** int(width) else float(step))
    known = (
        np.isfinite(growth)
        & (polls["counting_since"] == before["counting_since"])
        & ((seconds <= 1800) | (hour == (before["polled_at"] - shift).dt.floor("h") + shift))
    )
    steps = pd.DataFrame({"series_id": polls["link_id"], "ts": hour, "octets": growth, "seconds": seconds})[known]
    total = steps.groupby(["series_id", "ts"]).sum()
    total = total[total["seconds"] >= 1800]
    return 8e-6 * total["octets"] / total["seconds"]


def read_polls(folder: Path) -> pd.DataFrame:
    """The sound polls, octets as Python integers."""
    rows = duckdb.sql(
        "select link_id::varchar as link_id, capacity_mbps, counter_bits, polled_at, counting_since,"
        " octets::varchar as octets"
        f" from read_parquet('{folder}/**/*.parquet', hive_partitioning = true)"
        " where link_id is not null and octets is not null and capacity_mbps > 0"
        " and polled_at >= '2020-01-01' and polled_at < day + interval 1 day"
    ).df()
    rows["octets"] = pd.Series([int(text) for text in rows["octets"]], dtype=object)
    for column in ("polled_at", "counting_since"):
        rows[column] = rows[column].dt.tz_convert("UTC")
    return rows


def test_whole_hours_come_out_as_the_traffic_that_flowed(feed):
    folder, truth = feed
    rows = run_extract("link_traffic", folder, **WINDOW)
    y = matrix(rows, series=truth.series["series_id"], ts=pd.DatetimeIndex(truth.ts, tz="UTC")).to_numpy().T
    assert 0.9 < truth.whole.mean() < 1
    np.testing.assert_allclose(y[truth.whole], truth.mbps[truth.whole], rtol=1e-9)


@pytest.mark.parametrize("minutes", [0, 30, 45])
def test_every_hour_agrees_with_a_reckoning_poll_by_poll_through_wraps_restarts_and_gaps(feed, minutes):
    folder, _ = feed
    shift = timedelta(minutes=minutes)
    expected = reckon(read_polls(folder), shift=shift)
    hours = expected.index.get_level_values("ts")
    expected = expected[(hours >= SINCE + shift) & (hours + timedelta(hours=1) <= UNTIL)]
    rows = run_extract("link_traffic", folder, since=SINCE + shift, until=UNTIL).set_index(["series_id", "ts"])["y"]
    assert set(rows.index) == set(expected.index)
    np.testing.assert_allclose(rows.sort_index().to_numpy(), expected.sort_index().to_numpy(), rtol=1e-9)


def test_the_feed_holds_wraps_of_both_widths_and_restarts(feed):
    polls = read_polls(feed[0]).sort_values(["link_id", "polled_at"]).drop_duplicates(["link_id", "polled_at"])
    same = (polls["link_id"] == polls["link_id"].shift()) & (polls["counting_since"] == polls["counting_since"].shift())
    fell = same & (polls["octets"] < polls["octets"].shift().fillna(0))
    assert set(polls["counter_bits"][fell]) == {32, 64}
    assert polls.groupby("link_id")["counting_since"].nunique().max() > 1


def test_counted_rejected_and_dropped_polls_make_up_the_raw_rows(feed):
    folder, truth = feed
    rejects = run_extract("link_traffic.rejects", folder, **WINDOW)
    assert rejects["reason"].value_counts().to_dict() == truth.ledger.rejected
    sound = len(read_polls(folder).drop_duplicates(["link_id", "polled_at"]))
    assert sound == truth.ledger.counted
    assert sound + len(rejects) + sum(truth.ledger.dropped.values()) == truth.ledger.raw == count_rows(folder)


def test_windows_pulled_one_by_one_say_what_one_pull_says(feed):
    folder, _ = feed
    middle = datetime(2026, 2, 17, 6, tzinfo=UTC)
    order = ["series_id", "ts"]
    parts = [run_extract("link_traffic", folder, since=a, until=b) for a, b in ((SINCE, middle), (middle, UNTIL))]
    whole = run_extract("link_traffic", folder, **WINDOW).sort_values(order, ignore_index=True)
    pd.testing.assert_frame_equal(pd.concat(parts).sort_values(order, ignore_index=True), whole)


def test_hours_of_a_poller_outage_are_missing_and_not_zero(feed):
    folder, truth = feed
    rows = run_extract("link_traffic", folder, **WINDOW)
    quebec = rows["series_id"].isin(truth.series.loc[truth.series["region"] == "qc", "series_id"])
    out = rows["ts"].between(pd.Timestamp("2026-02-17 08:00Z"), pd.Timestamp("2026-02-17 11:00Z"))
    assert not (quebec & out).any()
    assert (~quebec & out).any()
    assert rows["y"].min() > 0


def write_polls(
    folder: Path, octets: list[int], *, bits: int = 64, capacity: int = 1000, restart: int | None = None
) -> None:
    """One link's polls every five minutes from SINCE; a new count is announced at poll `restart`."""
    at = [SINCE + pd.Timedelta(minutes=5 * step) for step in range(len(octets))]
    n = len(octets)
    count = [datetime(2025, 1, 1, tzinfo=UTC)] * n
    if restart is not None:
        count[restart:] = [at[restart] - pd.Timedelta(seconds=60)] * (n - restart)
    table = pa.table(
        {
            "link_id": ["a"] * n,
            "region": ["qc"] * n,
            "site": ["mtl"] * n,
            "capacity_mbps": pa.array([capacity] * n, pa.int32()),
            "counter_bits": pa.array([bits] * n, pa.int8()),
            "polled_at": pa.array(at, pa.timestamp("us", tz="UTC")),
            "counting_since": pa.array(count, pa.timestamp("us", tz="UTC")),
            "octets": pa.array(octets, pa.uint64()),
        }
    )
    (folder / f"day={SINCE.date()}").mkdir(parents=True)
    pq.write_table(table, folder / f"day={SINCE.date()}" / "links.parquet")


def test_an_unannounced_restart_leaves_out_its_own_step_only(tmp_path):
    step = 3_000_000_000  # 80 Mbit/s
    write_polls(tmp_path, [10**13 + n * step for n in range(18)] + [n * step for n in range(1, 7)])
    rows = run_extract("link_traffic", tmp_path, **WINDOW)
    np.testing.assert_allclose(rows["y"], 80.0)
    assert len(rows) == 2


def test_an_announced_restart_is_not_taken_for_a_wrap(tmp_path):
    step = 300_000_000  # 8 Mbit/s
    before, after = [4_200_000_000 - (12 - n) * step for n in range(13)], [10_000_000 + n * step for n in range(11)]
    write_polls(tmp_path, before + after, bits=32, capacity=100, restart=13)
    np.testing.assert_allclose(run_extract("link_traffic", tmp_path, **WINDOW)["y"], 8.0)


def test_a_series_that_counts_in_thousandths_keeps_its_values_for_the_contract_to_judge(tmp_path):
    write_polls(tmp_path, [10**13 + n * 3_000_000_000_000 for n in range(24)])
    np.testing.assert_allclose(run_extract("link_traffic", tmp_path, **WINDOW)["y"], 80_000.0)


def test_a_step_that_could_hide_two_wraps_is_unknown(tmp_path):
    octets = [n * 1_500_000_000 % 2**32 for n in range(24)]
    write_polls(tmp_path, octets, bits=32, capacity=200)
    rows = run_extract("link_traffic", tmp_path, **WINDOW)
    assert rows["y"].isna().all()
    assert set(rows["counter_wraps"]) == {
        "its counter of 32 bits may wrap twice within the 300 s between polls at 200 Mbit/s"
    }


def test_equal_seeds_write_equal_feeds(tmp_path):
    for name in ("a", "b"):
        write_link_feed(tmp_path / name, seed=1, n_links=20, days=2, start=date(2026, 1, 1))
    for file in sorted((tmp_path / "a").rglob("*.parquet")):
        assert file.read_bytes() == (tmp_path / "b" / file.relative_to(tmp_path / "a")).read_bytes()


def test_links_beyond_one_block_are_all_written(tmp_path):
    truth = write_link_feed(tmp_path, seed=1, n_links=300, days=1)
    polled = duckdb.sql(f"select count(distinct link_id) from read_parquet('{tmp_path}/**/*.parquet')").fetchall()[0][0]
    assert polled == (truth.whole.any(axis=1)).sum()


def test_links_that_run_out_do_so_when_the_feed_goes_on_by_its_own_law():
    days, start, rng = 60, np.datetime64("2026-02-04"), np.random.default_rng(4)
    links = make_links(229, days=days, rng=rng)
    passed = run_out_days(links, days=days)[4::32]
    assert ((passed >= days + 10) & (passed <= days + 50)).all()
    soon = links.iloc[4::32].reset_index(drop=True)
    level = traffic_level(soon, start=start, days=days + 60)
    mbps, _ = hourly_mbps(poll_counters(soon, level=level, start=start, rng=rng))
    midnight = mbps[:, 5:-19]  # Toronto's days, but for an hour in summer
    peak = np.quantile(midnight.reshape(len(soon), -1, 24), 0.95, axis=2) / soon["capacity_mbps"].to_numpy()[:, None]
    day = np.arange(peak.shape[1])
    work = np.is_busday(start + day)
    slope, at_start = np.polyfit(day[work], np.log(peak[:, work]).T, 1)
    crossed = (np.log(FULL_SHARE) - at_start) / slope
    assert np.abs(crossed - passed).mean() < 5


def test_the_day_from_which_on_a_link_is_full_agrees_with_its_growth():
    plain = {"peak_hour": 14.0, "growth": 1.0, "shift": 1.0, "shift_at": 0.5, "opens": 0.0, "closes": 1.0}
    links = pd.DataFrame(
        [
            {**plain, "load": 0.2},
            {**plain, "load": 0.2, "shift": 2.0},  # from day 50 on as much as the first has a year later
            {**plain, "load": 0.28, "shift": 0.5},  # full until day 50, then no more for nearly a year
            {**plain, "load": 0.4, "opens": 0.3},
            {**plain, "load": 0.4, "closes": 0.8},
            {**plain, "load": 0.2, "growth": 0.0},
        ]
    )
    first, doubled, halved, new, retired, never = run_out_days(links, days=100)
    peak = 2.41  # of a working day over the load, noise included
    assert first == pytest.approx(365 * np.log2(FULL_SHARE / (0.2 * peak)), abs=2)
    assert doubled == 50
    assert halved == pytest.approx(365 + 365 * np.log2(FULL_SHARE / (0.28 * peak)), abs=2)
    assert (new, retired, never) == (30, -1, -1)


def test_the_truth_names_the_day_on_which_a_link_runs_out(feed):
    _, truth = feed
    names = truth.series["series_id"].to_numpy()
    begin, end = SINCE.date(), date(2026, 2, 22)
    soon = [truth.runs_out[name] for name in names[4::32]]
    assert all(end < day < end + timedelta(days=52) for day in soon)
    later = [truth.runs_out[name] for name in names[20::32]]
    assert all(end + timedelta(days=85) < day < end + timedelta(days=245) for day in later)
    assert [truth.runs_out[name] for name in names[26::64]] == [begin] * 2
    assert sum(day is None for day in truth.runs_out.values()) > len(names) / 3


def test_a_full_link_carries_its_capacity_and_no_more_though_more_is_asked_for(feed):
    _, truth = feed
    capacity = truth.series["capacity_mbps"].to_numpy()[:, None]
    assert (np.nan_to_num(truth.mbps) <= capacity * (1 + 1e-9)).all()
    full = slice(26, None, 64)
    assert (truth.mbps[full] > 0.9 * capacity[full]).any(axis=1).all()
    assert (truth.level[full] > capacity[full]).any(axis=1).all()


@pytest.mark.parametrize(
    ("mbps", "censored"), [(94.0, False), (96.0, True), (100.0, True), (109.0, True), (112.0, False)]
)
def test_an_hour_near_the_line_rate_is_a_bound_and_any_other_says_nothing_of_it(tmp_path, mbps, censored):
    write_polls(tmp_path, [10**13 + n * int(mbps * 125_000 * 300) for n in range(24)], capacity=100)
    rows = run_extract("link_traffic", tmp_path, **WINDOW)
    np.testing.assert_allclose(rows["y"], mbps)
    # never false: NULL is what history holds that was ingested before there was this column
    assert rows["censored"].dropna().tolist() == [True] * len(rows) * censored


def test_links_of_a_router_are_told_by_their_names(feed):
    rows = run_extract("link_traffic", feed[0], **WINDOW)
    assert (rows["router"] == rows["series_id"].str.partition(".")[0]).all()
    assert rows.groupby("router")["series_id"].nunique().max() == 8


@pytest.mark.parametrize(("zone", "minute"), [("Asia/Kolkata", 30), ("America/St_Johns", 30), ("Asia/Kathmandu", 15)])
def test_links_of_a_zone_off_utc_hours_are_ingested_in_whole_local_hours(settings, zone, minute):
    write_link_feed(settings.home / "feeds" / "links", seed=2, n_links=4, days=9, start=SINCE.date())
    packaged = (DEFINITIONS / "link_traffic.toml").read_text(encoding="utf-8")
    settings.streams.mkdir(parents=True)
    own = re.sub('timezone = ".*?"', f'timezone = "{zone}"', packaged)
    own = re.sub(r"(?s)\[events\].*?\n\n", "", own)
    own = re.sub("start = .*", f"start = {SINCE:%Y-%m-%d}", own)
    (settings.streams / "link_traffic.toml").write_text(own, encoding="utf-8")
    summary = ingest.run(settings, "link_traffic", until="2026-02-21")
    with open_lake_to_read(settings) as lake:
        ((rows, minutes),) = lake.connection.execute(
            "select count(*), list(distinct minute(ts)) from history.demand"
        ).fetchall()
    assert minutes == [minute]
    assert rows == summary.rows > 4 * 24 * 7
