"""Mean handle times of a real call log: what is counted, what is dropped and why, and what a panel knows of it."""

import pandas as pd
import pytest

from forecasting.jobs import ingest
from forecasting.jobs.common.panels import panel_as_of
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.open import open_lake, open_lake_to_read

STREAM = "anonymous_bank_aht"


@pytest.fixture
def bank_calls(shared_data) -> pd.DataFrame:
    """Calls of January as an independent reading: queue, outcome, agent, seconds, hour (local)."""
    raw = pd.read_parquet(shared_data / "anonymous_bank_calls_raw.parquet")
    raw = raw[raw["date"].str.startswith("9901")]
    start = pd.to_datetime(raw["date"], format="%y%m%d") + pd.to_timedelta(raw["vru_entry"])
    return pd.DataFrame(
        {
            "queue": raw["type"].str.strip(),
            "outcome": raw["outcome"],
            "agent": raw["server"].str.strip(),
            "seconds": raw["ser_time"].astype(float),
            "hour": start.dt.floor("h"),
        }
    )


def test_every_mean_is_that_of_the_calls_an_agent_handled_and_the_rest_is_dropped_by_name(shared_streams, bank_calls):
    # the conservation law is checked by the ingest itself: counted + rejected + dropped = raw
    summary = ingest.run(shared_streams, STREAM, until="1999-02-01")
    assert summary.status == "published"
    handled = bank_calls[(bank_calls["outcome"] == "AGENT") & ~bank_calls["agent"].isin(["", "NO_SERVER"])]
    handled = handled[(handled["seconds"] > 0) & (handled["seconds"] <= 3600) & (handled["queue"] != "AA")]
    expected = handled.groupby(["queue", "hour"])["seconds"].agg(["mean", "size"])
    with open_lake_to_read(shared_streams) as lake:
        query = "select series_id, ts at time zone 'Asia/Jerusalem', y, weight from history.demand order by 1, 2"
        found = lake.connection.execute(query).df()
    assert len(found) == len(expected)
    assert found["y"].to_numpy() == pytest.approx(expected["mean"].to_numpy())
    assert (found["weight"].to_numpy() == expected["size"].to_numpy()).all()
    assert (handled["seconds"] < 10).mean() > 0.03, "short services stay"


def test_a_panel_knows_the_calls_behind_each_mean_and_hours_without_any_are_missing(shared_streams):
    ingest.run(shared_streams, STREAM, until="1999-02-01")
    definition = read_definition(shared_streams, STREAM)
    origin = resolve_origin("1999-01-31", definition.stream)
    with open_lake(shared_streams) as lake:
        panel = panel_as_of(lake, definition.stream, origin)
        rows = lake.connection.execute(
            "select sum(weight), sum(y * weight) from history.demand where ts < $1", [origin]
        )
        calls, seconds = rows.fetchall()[0]
    assert ((panel.weight > 0) == panel.observed).all()
    inside = panel.weight.sum()
    # calls before opening time and after it are no demand of open hours
    assert 0.98 * calls < inside <= calls
    assert (panel.weight * panel.y)[panel.observed].sum() == pytest.approx(seconds, rel=0.03)
    sparse = list(panel.series_ids).index("PE")
    is_open = panel.open[sparse, : panel.n_history]
    assert 0.1 < panel.observed[sparse].sum() / is_open.sum() < 0.6
    assert (panel.y[sparse][panel.observed[sparse]] > 0).all()
