"""What becomes of a staged batch: sound series go in, doubtful ones wait, a doubtful feed is refused."""

from collections.abc import Sequence
from datetime import datetime

from forecasting.config.stream import Stream
from forecasting.contracts.batches import (
    MAX_WITHDRAWN_SHARE,
    SeriesRows,
    Shift,
    is_widespread,
    spoiled_series,
)
from forecasting.errors import ContractError, FeedError
from forecasting.panel.calendar.open_time import has_open_interval
from forecasting.store.files.feeds import Feed
from forecasting.store.tables.history import (
    Window,
    audit_raw_rows,
    bad_rows,
    count_batch,
    drop_withdrawals,
    withdrawn_values,
)
from forecasting.store.tables.levels import LASTING, Levels
from forecasting.terms import format_duration

_NAMED = 3
"""Series that a remark names one by one; the others are counted."""


def judge_batch(feed: Feed, window: Window, *, levels: Levels, confirmed: bool) -> list[str]:
    """What is to be said of the series that are held back, a sentence each.

    Raises FeedError or ContractError where nearly all series are affected, so that the feed as a whole must not go in.
    confirmed: values that the feed no longer holds are really gone.
    """
    stream = feed.definition.stream
    counts = count_batch(feed.lake)
    span = f"[{window.since.isoformat()}, {window.until.isoformat()})"
    if counts.extracted + counts.rejected == 0 and has_open_interval(stream, window.since, window.until):
        raise FeedError(
            f"stream {stream.name}: feed {feed.pattern or 'of the extract'} holds no row in {span}, which has open "
            "intervals; expected usage or zeros; check the source, then run again"
        )
    raw = audit_raw_rows(feed, window, counts=counts)
    rows = bad_rows(feed.lake, stream)
    spoiled = spoiled_series(
        rows, raw=raw if feed.definition.audit else None, max_bad_share=stream.source.max_bad_share
    )
    bad = sum(one.bad for one in rows)
    if bad > stream.source.max_bad_share * raw and is_widespread(len(spoiled), len(rows)):
        raise _refused(stream, feed, span, bad=bad, raw=raw)
    if levels.unit_changed:
        raise _unit_changed(stream, levels.shifts)
    lost = _keep_lost(feed, window, span, confirmed=confirmed)
    return [*_on_shifts(stream, levels.shifts), *_on_bad_rows(stream, spoiled), *lost]


def _refused(stream: Stream, feed: Feed, span: str, *, bad: int, raw: int) -> ContractError:
    reasons = ", ".join(f"{rows} {reason}" for reason, rows in feed.lake.rows("ingest/reasons.sql"))
    return ContractError(
        f"stream {stream.name}: {bad} of {raw} raw rows in {span} are bad ({reasons}), more than max_bad_share = "
        f"{stream.source.max_bad_share}, and nearly every series has some; nothing was ingested; see `forecasting "
        f"quarantine list {stream.name}`; correct the feed, or go on without these rows with `forecasting quarantine "
        f"accept {stream.name}`",
        table="history.demand",
        check="max_bad_share",
        failed=bad,
    )


def _unit_changed(stream: Stream, shifts: Sequence[Shift]) -> ContractError:
    first = shifts[0]
    return ContractError(
        f"stream {stream.name}: nearly every series stands at about {_times(first)} its usual level, {len(shifts)} in "
        f"all, first {first.series_id} since {_local(first.since, stream)}: a unit was changed at the source; nothing "
        "was ingested; correct the extract, or accept the new level with `forecasting quarantine accept "
        f"{stream.name}`; then ingest again",
        table="history.demand",
        check="unit_scale",
        failed=sum(shift.values for shift in shifts),
    )


def _keep_lost(feed: Feed, window: Window, span: str, *, confirmed: bool) -> list[str]:
    """Keep the values of series that lost most of them. Raises FeedError where nearly every series did."""
    stream = feed.definition.stream
    series = withdrawn_values(feed.lake, window)
    lost = [one for one in series if one.withdrawn > max(1, MAX_WITHDRAWN_SHARE * one.known)]
    if confirmed or not lost:
        return []
    if is_widespread(len(lost), len(series)):
        raise FeedError(
            f"stream {stream.name}: the feed no longer holds {sum(one.withdrawn for one in series)} of "
            f"{sum(one.known for one in series)} values known in {span}; nothing was ingested; if they are really "
            "gone, confirm it with --since"
        )
    drop_withdrawals(feed.lake, [one.series_id for one in lost])
    named = [
        f"series {one.series_id}: the feed no longer holds {one.withdrawn} of {one.known} values known in {span}; they "
        "are kept; if they are really gone, confirm it with --since"
        for one in lost
    ]
    return _first_of(named, "series lost most of their values")


def _on_shifts(stream: Stream, shifts: Sequence[Shift]) -> list[str]:
    accept = f"`forecasting quarantine accept {stream.name} --series"
    taken, waiting = [], []
    for shift in shifts:
        level = (
            f"series {shift.series_id}: {shift.values} values since {_local(shift.since, stream)} stand at about "
            f"{_times(shift)} its usual level"
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
    return [*_first_of(taken, "level shifts"), *_first_of(waiting, "series with a level that is not believed yet")]


def _on_bad_rows(stream: Stream, spoiled: Sequence[SeriesRows]) -> list[str]:
    see = f"see `forecasting quarantine list {stream.name} --rows`"
    named = [
        f"{f'series {one.series_id!r}' if one.series_id else 'rows without a series'}: {one.bad} of "
        f"{one.bad + one.sound} rows are bad ({one.reasons}) and wait in quarantine; {see}"
        for one in spoiled
    ]
    return _first_of(named, "series with bad rows")


def _first_of(sentences: Sequence[str], what: str) -> list[str]:
    further = len(sentences) - _NAMED
    return [*sentences[:_NAMED], *([f"{further} more {what}"] if further > 0 else [])]


def _times(shift: Shift) -> str:
    factor = shift.factor or 1.0
    return f"{factor:,.0f} times" if factor > 1 else f"1/{1 / factor:,.0f} of"


def _local(instant: datetime, stream: Stream) -> str:
    return f"{instant.astimezone(stream.zone):%Y-%m-%d %H:%M}"
