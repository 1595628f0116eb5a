"""What the installation knows of its streams, for scopes of events: zones, attributes and series."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from forecasting.errors import ForecastingError
from forecasting.jobs.streams.overview import used_names
from forecasting.panel.event_scopes import KnownStream
from forecasting.settings import Settings
from forecasting.store.files.definitions import Definition, definition_paths, read_definition
from forecasting.store.files.feeds import Feed, open_feed
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.events import series_on_record
from forecasting.store.tables.history import MEASURES, ingested_streams


def known_streams(settings: Settings, lake: Lake) -> dict[str, KnownStream]:
    """Every stream that is defined or has history, with its zone and the newest attributes of its series."""
    tables = series_on_record(lake)
    used = set(used_names(settings, ingested_streams(lake)))
    found = {}
    for name in sorted({*definition_paths(settings), *tables}):
        zone = None
        with suppress(ForecastingError):  # its own job says what is wrong
            zone = read_definition(settings, name).stream.zone
        found[name] = KnownStream(zone, tables.get(name), in_use=name in used or name in tables)
    return found


def look_up_columns(
    settings: Settings, lake: Lake, streams: dict[str, KnownStream], names: Collection[str]
) -> dict[str, KnownStream]:
    """The streams, with the attributes that extracts return, where some of `names` are not among those on record."""
    if set(names) <= {name for stream in streams.values() for name in stream.names}:
        return streams
    return {
        name: replace(stream, columns=_columns_of(settings, lake, name))
        if stream.in_use and stream.attributes is None
        else stream
        for name, stream in streams.items()
    }


def _columns_of(settings: Settings, lake: Lake, name: str) -> frozenset[str]:
    with suppress(ForecastingError):
        definition = read_definition(settings, name)
        with open_feed(lake, definition) as feed:
            return columns_of(feed, definition)
    return frozenset()


def columns_of(feed: Feed, definition: Definition) -> frozenset[str]:
    """Attributes that an extract returns, found by binding it."""
    since = definition.stream.first_origin()
    columns = feed.columns(definition.extract, since=since, until=since + timedelta(days=1))
    return frozenset(columns) - frozenset(MEASURES)


def readers_of(settings: Settings, definition: Definition) -> list[str]:
    """Streams whose events come from the same SQL and feed as those of a stream, itself among them."""
    readers = {definition.stream.name}
    for name in definition_paths(settings):
        with suppress(ForecastingError):
            other = read_definition(settings, name)
            if other.stream.events == definition.stream.events and other.events == definition.events:
                readers.add(name)
    return sorted(readers)
