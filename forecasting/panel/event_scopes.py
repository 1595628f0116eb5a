"""Scopes of events as people write them: which streams and series they name, and whose local time they mean."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from forecasting.panel.events import in_scope

KEYS = ("stream", "series_id")
"""Keys that every scope may have beside attributes."""
_SHOWN = 8
"""Known names that an error lists."""


@dataclass(frozen=True)
class KnownStream:
    """What is known of a stream that an event may concern."""

    zone: ZoneInfo | None
    """None where its definition cannot be read."""
    attributes: pd.DataFrame | None
    """Text, indexed by series_id; None before the first ingest."""
    columns: frozenset[str] = frozenset()
    """Attributes that its extract returns, where that was looked up."""
    in_use: bool = True

    @property
    def names(self) -> frozenset[str]:
        """Names of its attributes."""
        return self.columns | frozenset(() if self.attributes is None else self.attributes.columns)


Streams = Mapping[str, KnownStream]


def as_object(scope: object) -> dict[str, Any]:
    """What a column `scope` holds: a mapping, or a text that is a JSON object. Raises ValueError on another text."""
    if isinstance(scope, dict):
        return scope
    text = cell_text(scope)
    if not text:
        return {}
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise ValueError(f'scope is no JSON object such as {{"region": "north"}}: {text}')
    return found


def read_scope(given: Mapping[str, Any], columns: Mapping[str, Any]) -> dict[str, str]:
    """The scope of a row from its column `scope` and from columns of their own, of which empty ones do not narrow it.

    Raises ValueError where they contradict each other, or a key has no single value.
    """
    scope = {}
    for key, value in given.items():
        if value is None or isinstance(value, dict | list) or value == "":
            raise ValueError(f"scope: expected one value of {key!r}, found {json.dumps(value)}")
        scope[str(key)] = value if isinstance(value, str) else json.dumps(value)
    for name, value in columns.items():
        text = cell_text(value)
        if text and scope.setdefault(name, text) != text:
            raise ValueError(f"scope: {name} is {scope[name]!r} in the column scope and {text!r} in its own column")
    return scope


def check_scope(scope: Mapping[str, str], streams: Streams) -> None:
    """Raises ValueError where a scope names a stream or an attribute that does not exist.

    Of a stream in use that has no series yet and whose columns were not looked up nobody knows the attributes: none is
    refused.
    """
    stream = scope.get("stream")
    if stream is not None and stream not in streams:
        raise ValueError(f"scope: no stream {stream!r}{meant(stream, streams)}; there are {some(sorted(streams))}")
    concerned = [streams[stream]] if stream is not None else list(streams.values())
    if any(one.in_use and one.attributes is None and not one.columns for one in concerned):
        return
    known = [*KEYS, *attribute_names(concerned)]
    for key in scope:
        if key not in known:
            of = f"series of {stream}" if stream else "series"
            raise ValueError(f"scope: {key!r} is no attribute of {of}{meant(key, known)}; there are {', '.join(known)}")


def series_in_scope(scope: dict[str, str], streams: Streams) -> dict[str, list[str]]:
    """Series that match a scope, by stream; streams without any are left out."""
    found = {}
    for name in _asked(scope, streams):
        table = streams[name].attributes
        if table is not None:
            matched = in_scope(scope, attributes=table, stream_name=name)
            if matched.any():
                found[name] = [str(series_id) for series_id in table.index[matched]]
    return found


def why_unmatched(scope: Mapping[str, str], streams: Streams) -> str | None:
    """Why no series matches a scope that matches none; None where a stream that it concerns has no series yet, or where
    no stream has any."""
    asked = _asked(scope, streams)
    if all(one.attributes is None for one in streams.values()):
        return None
    if any(streams[name].attributes is None for name in asked):
        return None
    tables = [table for name in asked if (table := streams[name].attributes) is not None]
    for key, value in scope.items():
        held = sorted({str(one) for table in tables for one in _values(table, key)} - {""})
        if key != "stream" and value not in held:
            return f"no series has {key} {value!r}{meant(value, held)}; {key} is {some(held) or 'never given'}"
    together = " and ".join(f"{key} {value!r}" for key, value in scope.items())
    return f"no series has {together} together" if together else "no stream in use has any series"


def local_zones(scope: dict[str, str], streams: Streams, *, readers: Sequence[str] | None = None) -> list[ZoneInfo]:
    """Zones whose local time an event without offsets may mean: of the streams that it concerns or, of one that names
    no stream, of the `readers`, whose own SQL returned it."""
    asked = _asked(scope, streams)
    if "stream" not in scope:
        series = series_in_scope(scope, streams)
        concerned = [name for name in asked if name in series or streams[name].attributes is None]
        asked = list(readers) if readers else concerned or asked
    return [zone for name in asked if name in streams and (zone := streams[name].zone) is not None]


def attribute_names(streams: Iterable[KnownStream]) -> list[str]:
    """Names of the attributes of any of the streams, sorted."""
    return sorted({name for stream in streams for name in stream.names})


def cell_text(value: object) -> str | None:
    """A cell as text; None where it is empty."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    return str(value).strip() or None


def meant(given: str, known: Iterable[str]) -> str:
    """A question after the known name that a given one is nearly."""
    close = get_close_matches(given, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def some(names: Sequence[str]) -> str:
    """The first of many names."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _asked(scope: Mapping[str, str], streams: Streams) -> list[str]:
    """Streams that a scope may concern: the one it names, else those in use that have all its attributes."""
    if "stream" in scope:
        return [scope["stream"]] if scope["stream"] in streams else []
    keys = scope.keys() - set(KEYS)
    return [name for name, stream in streams.items() if stream.in_use and keys <= stream.names]


def _values(table: pd.DataFrame, key: str) -> Iterator[object]:
    if key == "series_id":
        yield from table.index
    elif key in table:
        yield from table[key].unique()
