"""From a feed to a stream: what was found, tried and is to be written. Nothing is written here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count

import numpy as np

from forecasting.config.stream import Stream, parse_stream
from forecasting.errors import SettingsError
from forecasting.jobs.feeds.discover import Discovery, discover
from forecasting.jobs.feeds.extracts import definition_text, extract_text
from forecasting.jobs.feeds.findings import FeedQuestionError, Finding, Notes, Stated
from forecasting.jobs.feeds.keys import FEW
from forecasting.jobs.feeds.largest import keep_largest
from forecasting.jobs.feeds.rows.measures import Tally, check_readable, measure, unseen_texts
from forecasting.jobs.feeds.rows.samples import is_large
from forecasting.jobs.feeds.rows.sources import Source
from forecasting.jobs.feeds.rows.spread import can_spread
from forecasting.jobs.feeds.stating import zone_of
from forecasting.jobs.feeds.trials import try_ingest
from forecasting.numerics import Times
from forecasting.panel.calendar.calendar import grid_ends, resolve_origin
from forecasting.panel.calendar.instants import aware_datetime, utc_instant
from forecasting.panel.calendar.observed_hours import ObservedHours, observe_hours
from forecasting.store.lake.lake import Lake
from forecasting.terms import DAY, format_duration, parse_duration

_ATTEMPTS = 3
"""Looks at a feed that is too large for one: what a full reading finds unreadable is looked at again."""


@dataclass(frozen=True)
class Proposal:
    """A stream as it would be written. definition, extract: the texts of its two files."""

    name: str
    definition: str
    extract: str
    stream: Stream
    found: Discovery
    measured: Tally
    rejected: Mapping[str, int]
    """Rows that a first ingest would reject, by reason; of a feed too large to be tried whole, of its sample."""
    origin: str
    """The local midnight up to which the feed is whole: the newest origin worth asking for."""
    hours: Mapping[str, str]
    hours_message: str

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.found.findings


def propose(
    lake: Lake,
    source: Source,
    stated: Stated,
    notes: Notes,
    *,
    horizon: str,
    feed: str | None,
    final_newline: bool = True,
    most_series: int | None = None,
) -> Proposal:
    """Find out what a feed holds, try it, and write its definition and extract as texts.

    lake: one that may hold temporary tables, as `open_memory_lake` makes. source: of `file_source`, or any relation.
    notes: what was found of the source. feed: as the definition writes it. most_series: of more, the largest are kept.
    Raises SettingsError with one question where the rows leave something open, FeedError where the feed cannot be read
    or the first ingest would refuse it.
    """
    examined = examine(lake, source, stated, notes, horizon=horizon, feed=feed, final_newline=final_newline)
    found, measured, stream = examined.found, examined.measured, examined.stream
    if most_series is not None:
        found = keep_largest(lake, found, most=most_series, series=measured.series)
    rejected = try_ingest(lake, found, examined.definition(lake), measured)
    observed = _observe_hours(stream, measured.moments)
    hours = observed.by_days if observed and observed.credible else {}
    return Proposal(
        name=stated.name,
        definition=examined.definition(lake, hours),
        extract=extract_text(lake, found),
        stream=stream,
        found=found,
        measured=measured,
        rejected=rejected,
        origin=_origin(stream, measured.last_ts),
        hours=hours,
        hours_message=_describe_hours(observed),
    )


@dataclass(frozen=True)
class Examined:
    """A feed that was found out and read in full, before it is tried. start: first local date of its history."""

    found: Discovery
    measured: Tally
    stream: Stream
    feed: str | None
    start: date
    final_newline: bool

    def definition(self, lake: Lake, hours: Mapping[str, str] | None = None) -> str:
        """The text of the definition, with opening hours where there are some."""
        return definition_text(
            lake,
            self.found,
            feed=self.feed,
            horizon=format_duration(self.stream.stream.horizon),
            start=self.start,
            final_newline=self.final_newline,
            hours=hours,
        )


def examine(
    lake: Lake,
    source: Source,
    stated: Stated,
    notes: Notes,
    *,
    horizon: str,
    feed: str | None,
    final_newline: bool = True,
) -> Examined:
    """Find out what a feed holds and read it in full; see `propose`, which also tries to ingest it."""
    found, measured = _found(lake, source, stated, notes, horizon)
    start = measured.first_ts.astimezone(zone_of(stated)).date()
    stream = _parsed(lake, found, horizon, start)
    check_readable(lake, found, measured, stream.source.max_bad_share)
    return Examined(found, measured, stream, feed, start, final_newline)


def _found(lake: Lake, source: Source, stated: Stated, notes: Notes, horizon: str) -> tuple[Discovery, Tally]:
    """What was found and measured. What the sample of a large feed did not show is looked at and found again."""
    seen: dict[str, dict[str, int]] = {}
    spread = can_spread(source)
    for attempt in count(1):
        try:
            found = discover(lake, source, stated, Notes(list(notes.findings)), seen=seen, spread=spread)
        except FeedQuestionError:
            if not (spread and is_large(source)):
                raise
            spread = False  # what lines from here and there leave open, all rows of some times may answer
            continue
        measured = measure(lake, found, _parsed(lake, found, horizon, date(2000, 1, 3)))
        unseen = {} if found.is_whole else unseen_texts(lake, found, measured)
        shared = spread and measured.shared is not None and measured.shared > FEW
        if attempt >= _ATTEMPTS or not (unseen or shared):
            return found, measured
        # rows that share a time may stand far apart
        spread = spread and not shared
        for name, texts in unseen.items():
            seen.setdefault(name, {}).update(texts)
    raise AssertionError


def _parsed(lake: Lake, found: Discovery, horizon: str, start: date) -> Stream:
    text = definition_text(lake, found, feed="", horizon=_horizon(horizon), start=start)
    return parse_stream(text, path=f"{found.stated.name}.toml")


def _horizon(text: str) -> str:
    try:
        return format_duration(parse_duration(text))
    except ValueError as error:
        raise SettingsError(f"--horizon: {error}") from error


def _origin(stream: Stream, last_ts: datetime) -> str:
    # a day that is only begun would count as a feed that stopped
    ends = grid_ends(np.array([utc_instant(last_ts)]), stream)
    origin = aware_datetime(ends[0]).astimezone(stream.zone).date().isoformat()
    resolve_origin(origin, stream)
    return origin


def _observe_hours(stream: Stream, moments: Times) -> ObservedHours | None:
    """Opening hours by the intervals without any value; None where the feed seems always open."""
    return observe_hours(stream, moments) if stream.interval < DAY else None


def _describe_hours(found: ObservedHours | None) -> str:
    if found is None:
        return ""
    listed = ", ".join(f"{days} {spans}" for days, spans in found.by_days.items())
    if found.credible:
        return f"hours found in the feed: {listed} (check them in the definition)"
    return (
        f"no opening hours written: only {found.filled:.0%} of the intervals in what may be hours "
        f"({listed or 'none'}) hold a value; an absent row is missing, never 0, so a feed must hold its zeros"
    )
