"""Rows that are there more than once: intervals and polls count once, of single events two may be alike."""

from collections.abc import Sequence

from forecasting.jobs.feeds.findings import FeedQuestionError, Notes, Stated
from forecasting.jobs.feeds.formats.columns import Column
from forecasting.jobs.feeds.rows.asking import ask
from forecasting.store.lake.lake import Lake

_NEARLY_ALL, _FEW = 0.9, 0.1
_NAMES_EVENTS = 0.5
"""A column with more distinct values than that share of rows names single events, as the number of a call does."""


def count_once(lake: Lake, columns: Sequence[Column], used: Sequence[str], stated: Stated, notes: Notes) -> bool:
    """Whether single events that are alike in all columns are one event that was delivered twice.

    They are where a column names every event, and where whole days are there twice or thrice, as in an export that was
    added to a file again. They are several events where few rows of a day have a like. The view `readings` holds the
    sample; used: columns of times and of the demand. Raises FeedQuestionError in between.
    """
    ((repeated, on_whole_days),) = ask(lake, "templates/feed_repeats.sql", None)
    if stated.repeats is not None:
        return stated.repeats == "once"
    if not repeated:
        return False
    about = "rows that are alike in all columns"
    named = [one.name for one in columns if one.name not in used and one.distinct > _NAMES_EVENTS * one.rows]
    if named:
        notes.add(about, f"{repeated}, each counts once", f"{named[0]} names single events", "--repeats each")
        return True
    whole = on_whole_days / repeated
    if whole >= _NEARLY_ALL:
        notes.add(about, f"{repeated}, each counts once", "they fill whole days: delivered twice", "--repeats each")
        return True
    if whole <= _FEW:
        notes.add(about, f"{repeated}, each counts", "few of a day: two events may be alike", "--repeats once")
        return False
    raise FeedQuestionError(
        f"{repeated} rows are alike in all columns, on some days nearly all, on others few: say --repeats once if they "
        "were delivered twice, --repeats each if they are several events"
    )
