"""What becomes of a staged batch: sound series go in, doubtful ones wait, a doubtful feed is refused."""

from collections.abc import Sequence

from forecasting.config.stream import Stream
from forecasting.contracts.batches import (
    MAX_WITHDRAWN_SHARE,
    DoubtfulLevel,
    is_widespread,
    spoiled_series,
)
from forecasting.errors import ContractError, FeedError
from forecasting.jobs.common.remarks import first_of, local_time, on_bad_rows, on_shifts, on_unaccepted, times
from forecasting.panel.calendar.open_time import has_open_interval
from forecasting.store.batches import Levels, bad_rows, drop_withdrawals, vanished_series, withdrawn_values
from forecasting.store.files.feeds import Feed
from forecasting.store.tables.history import Window, audit_raw_rows, count_batch
from forecasting.store.unreadable import unreadable_rows


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
    unread = [str(one) for one in unreadable_rows(feed, window)]
    if bad > stream.source.max_bad_share * raw and is_widespread(len(spoiled), len(rows)):
        raise _refused(stream, feed, span, bad=bad, raw=raw, unread=unread)
    if levels.unit_changed and not levels.accepted:
        raise _unit_changed(stream, levels.shifts)
    lost = _keep_lost(feed, window, span, confirmed=confirmed)
    shifts = on_unaccepted if levels.unit_changed else on_shifts
    return [*shifts(stream, levels.shifts), *on_bad_rows(stream, spoiled), *unread, *lost]


def _refused(stream: Stream, feed: Feed, span: str, *, bad: int, raw: int, unread: Sequence[str]) -> ContractError:
    reasons = ", ".join(f"{rows} {reason}" for reason, rows in feed.lake.rows("ingest/reasons.sql"))
    reasons += "".join(f"; {one}" for one in unread)
    return ContractError(
        f"stream {stream.name}: {bad} of {raw} raw rows in {span} are bad ({reasons}), more than max_bad_share = "
        f"{stream.source.max_bad_share}, and nearly every series has some; nothing was ingested; see `forecasting "
        f"quarantine list {stream.name}`; correct the feed, or go on without these rows with `forecasting quarantine "
        f"accept {stream.name}`",
        table="history.demand",
        check="max_bad_share",
        failed=bad,
    )


def _unit_changed(stream: Stream, shifts: Sequence[DoubtfulLevel]) -> ContractError:
    first = shifts[0]
    return ContractError(
        f"stream {stream.name}: nearly every series stands at about {times(first)} its usual level, {len(shifts)} in "
        f"all, first {first.series_id} since {local_time(first.since, stream)}: a unit was changed at the source; "
        "nothing was ingested; correct the extract, or accept the new level with `forecasting quarantine accept "
        f"{stream.name}`; then ingest again",
        table="history.demand",
        check="unit_scale",
        failed=sum(shift.values for shift in shifts),
    )


def _keep_lost(feed: Feed, window: Window, span: str, *, confirmed: bool) -> list[str]:
    """Keep the values of series that lost most of them. Raises FeedError where nearly every series did."""
    stream = feed.definition.stream
    series = withdrawn_values(feed.lake, window.since)
    lost = [one for one in series if one.withdrawn > max(1, MAX_WITHDRAWN_SHARE * one.known)]
    if confirmed:
        gone = [
            f"series {name}: gone from the feed, {values} values withdrawn"
            for name, values in vanished_series(feed.lake)
        ]
        return first_of(gone, "series are gone from the feed")
    if not lost:
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
    return first_of(named, "series lost most of their values")
