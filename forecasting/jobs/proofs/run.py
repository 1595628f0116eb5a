"""Proofs on a user's own stream, in a throw-away copy: no look-ahead, idempotence, what an empty window does."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from forecasting.config.stream import Stream
from forecasting.errors import FeedError, SettingsError
from forecasting.jobs import ingest
from forecasting.jobs.backfill import choose_origins
from forecasting.jobs.proofs import idempotence, no_lookahead
from forecasting.jobs.proofs.common import Ground, Proof
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.panel.calendar.open_time import has_open_interval
from forecasting.settings import Settings
from forecasting.store.checks import schema_gap
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.copies import copy_stream, history_size, scratch_folder, settings_in
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.tables.readings import Extent, read_extent
from forecasting.terms import DAY

logger = logging.getLogger(__name__)

ORIGINS = 5
"""Origins of the range that is chosen when none is given: the newest."""
EMPTY_WINDOW = "empty_window"
_YEARS_AHEAD = 3652 * DAY


def run(
    settings: Settings,
    stream: str,
    *,
    since: str | None = None,
    until: str | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> list[Proof]:
    """Three proofs over a range of origin dates, both ends in; the newest five when none is given.

    The lake is only read; everything happens in a temporary folder. report: takes each line of progress. Raises
    SettingsError for a range or a lake that cannot be used, FeedError where the range cannot be backfilled.
    """
    definition = read_definition(settings, stream).stream
    with open_lake_to_read(settings) as lake:
        if any(schema_gap(lake)):
            raise SettingsError(
                f"{settings.catalog}: expected a lake of this version of the package, found another; any job brings "
                "an older one up to date"
            )
        extent = read_extent(lake, definition)
    origins = choose_origins(definition, *choose_range(definition, extent, since, until))
    with scratch_folder() as folder:
        copy = settings_in(folder / "copy", settings)
        report(f"copying stream {stream} to {folder}")
        copy_stream(settings, copy, stream)
        ground = Ground(folder, copy, definition, origins, report)
        proofs = [prove(ground) for prove in (idempotence.prove, no_lookahead.prove)]
        return [*proofs, prove_empty_window(ground, extent)]


def prove_empty_window(ground: Ground, extent: Extent) -> Proof:
    """Ingest a week long after the newest value: an error that names the window, and no zeros in the copy."""
    stream = ground.stream
    since, until = choose_empty_window(stream, extent.last_ts or ground.origins[-1])
    window = f"[{since.isoformat()}, {until.isoformat()})"
    ground.report(f"{EMPTY_WINDOW}: ingesting {window}")
    before = _history_size(ground)
    try:
        summary = ingest.run(ground.settings, stream.name, since=since.isoformat(), until=until.isoformat())
    except FeedError as error:
        wrong = _judge_refusal(str(error), window, grown=_history_size(ground) != before)
        refused = f"an extract of {window} holds no row and is refused with exit code {error.exit_code}"
        return Proof(EMPTY_WINDOW, wrong is None, [wrong or refused])
    read, rows = summary.details["read"], summary.rows
    return Proof(
        EMPTY_WINDOW,
        False,
        [f"{window}: expected an error, found {read} rows read and {rows} taken in; see the extract"],
    )


def choose_empty_window(stream: Stream, newest: datetime) -> tuple[datetime, datetime]:
    """A week with open intervals, ten years after the newest value. Raises SettingsError where every week is closed."""
    day = (newest + _YEARS_AHEAD).astimezone(stream.zone).date()
    since = resolve_origin(day.isoformat(), stream)
    until = resolve_origin((day + max(7 * DAY, 2 * stream.interval)).isoformat(), stream)
    if not has_open_interval(stream, since, until):
        raise SettingsError(
            f"stream {stream.name}: expected open intervals in a week, found none; see its opening hours"
        )
    return since, until


def _judge_refusal(message: str, window: str, *, grown: bool) -> str | None:
    """What is wrong with the refusal of an empty window, if anything."""
    if window not in message:
        return f"expected an error that names {window}, found: {message}"
    return f"{window} was refused, but rows were written" if grown else None


def _history_size(ground: Ground) -> tuple[int, int]:
    with open_lake_to_read(ground.settings) as lake:
        return history_size(lake, ground.stream.name)


def choose_range(stream: Stream, extent: Extent, since: str | None, until: str | None) -> tuple[str, str]:
    """The range that was given, completed by the newest origins that the history reaches."""
    if extent.last_ts is None or extent.watermark is None:
        raise SettingsError(f"stream {stream.name}: no history yet; run `forecasting ingest {stream.name}` first")
    step = max(DAY, stream.interval)
    reached = min(extent.watermark, extent.last_ts + max(stream.interval, timedelta(hours=1)))
    last = until or reached.astimezone(stream.zone).date().isoformat()
    try:
        first = since or (datetime.fromisoformat(last) - (ORIGINS - 1) * step).date().isoformat()
    except ValueError as error:
        raise SettingsError(f"doctor: expected --to to be a date such as 2026-01-31, found {last!r}") from error
    return first, last
