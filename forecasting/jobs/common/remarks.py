"""What an ingest says of series that it held back or took in again, a sentence each."""

from collections.abc import Sequence
from datetime import datetime

from forecasting.config.stream import Stream
from forecasting.contracts.batches import DoubtfulLevel, SeriesRows
from forecasting.store.batches import LASTING
from forecasting.terms import format_duration

_NAMED = 3
"""Series that are named one by one; the others are counted."""


def on_shifts(stream: Stream, shifts: Sequence[DoubtfulLevel]) -> list[str]:
    """Which levels were taken in, and which wait for what."""
    accept = f"`forecasting quarantine accept {stream.name} --series"
    taken, waiting = [], []
    for shift in shifts:
        level = (
            f"series {shift.series_id}: {shift.values} values since {local_time(shift.since, stream)} stand at about "
            f"{times(shift)} its usual level"
        )
        if shift.settled:
            taken.append(f"{level}; this has lasted and is taken in as a level shift")
        elif shift.passed:
            waiting.append(
                f"{level} and wait in quarantine; usual values followed; {accept} {shift.series_id}` takes them in"
            )
        else:
            waiting.append(
                f"{level} and wait in quarantine; they are taken in as a level shift once it has lasted "
                f"{format_duration(max(LASTING, 2 * stream.interval))}, or at once with {accept} {shift.series_id}`"
            )
    return [*first_of(taken, "level shifts"), *first_of(waiting, "series with a level that is not believed yet")]


def on_unaccepted(stream: Stream, shifts: Sequence[DoubtfulLevel]) -> list[str]:
    """Which levels wait after somebody accepted that of other series: nearly all shifted together."""
    named = [
        f"series {shift.series_id}: {shift.values} values since {local_time(shift.since, stream)} stand at about "
        f"{times(shift)} its usual level, as nearly every series does, and wait in quarantine; nobody accepted this "
        f"one: `forecasting quarantine accept {stream.name} --series {shift.series_id}` takes it in"
        for shift in shifts
    ]
    return first_of(named, "series with a level that nobody accepted")


def on_bad_rows(stream: Stream, spoiled: Sequence[SeriesRows]) -> list[str]:
    """Which series have too many bad rows."""
    see = f"see `forecasting quarantine list {stream.name} --rows`"
    named = [
        f"{f'series {one.series_id!r}' if one.series_id else 'rows without a series'}: {one.bad} of "
        f"{one.bad + one.sound} rows are bad ({one.reasons}) and wait in quarantine; {see}"
        for one in spoiled
    ]
    return first_of(named, "series with bad rows")


def first_of(sentences: Sequence[str], what: str) -> list[str]:
    """The first few of the sentences, and how many more there are of what they are about."""
    further = len(sentences) - _NAMED
    return [*sentences[:_NAMED], *([f"{further} more {what}"] if further > 0 else [])]


def times(shift: DoubtfulLevel) -> str:
    """How the level compares with the usual one: `1,200 times` or `1/1,200 of`."""
    factor = shift.factor or 1.0
    return f"{factor:,.0f} times" if factor > 1 else f"1/{1 / factor:,.0f} of"


def local_time(instant: datetime, stream: Stream) -> str:
    """An instant in the zone of the stream, to the minute."""
    return f"{instant.astimezone(stream.zone):%Y-%m-%d %H:%M}"
