"""What single columns say of time: by their type, by their texts, or as numbers of seconds or days."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from forecasting.jobs.feeds.findings import Finding
from forecasting.jobs.feeds.formats.columns import Column, quote, spaced
from forecasting.jobs.feeds.formats.dates import Stamps, read_stamps

READABLE = 0.5
"""Share of a column's texts that must be times for it to hold times."""
_EPOCHS = {10: ("seconds", 1), 13: ("milliseconds", 1e3), 16: ("microseconds", 1e6), 19: ("nanoseconds", 1e9)}
_FIRST_SECOND, _LAST_SECOND = 631_152_000, 4_102_444_800
"""1990 and 2100, between which numbers are taken for seconds since 1970."""
_FIRST_SERIAL, _LAST_SERIAL = 32_874, 73_050
"""The same as days since 1899-12-30, which spreadsheets count."""
_NUMBER = re.compile(r"\d+(\.\d+)?")
_TIMED_WORD = re.compile(
    r"(^|[^a-z])(time|date|datetime|ts|timestamp|stamp|epoch|hours?|hora|heure|stunde|uhrzeit|zeit|fecha|datum|interval"
    r"|period|slot|start|begin|clock|when|day|ds)([^a-z]|$)",
    re.IGNORECASE,
)
_HOUR_WORD = re.compile(r"(^|[^a-z])(hours?|hr|hora|heure|stunde|std)([^a-z]|$)", re.IGNORECASE)
_DURATION_WORD = re.compile(
    r"(^|[^a-z])(aht|handle|handling|talk|hold|acw|wrap|wait|waiting|asa|duration|answer|abandon|login|logged)([^a-z]|$)",
    re.IGNORECASE,
)


def is_timed(name: str) -> bool:
    """Whether a column is called as times are, not as durations are."""
    return _has_word(_TIMED_WORD, name) and not _has_word(_DURATION_WORD, name)


def _has_word(pattern: re.Pattern[str], name: str) -> bool:
    return pattern.search(spaced(name)) is not None


@dataclass(frozen=True)
class Sense:
    """What a column says of time. kind: instant, date, time, hour or `HHMM`; sql: of its value.

    sql of an instant is a TIMESTAMPTZ where `is_zoned`, else a local TIMESTAMP; of a date a TIMESTAMP at midnight; of a
    time or an hour an INTERVAL after midnight. stamps: how its texts are written, if they are texts.
    """

    column: Column
    kind: str
    share: float
    stamps: Stamps | None = None
    sql: str = ""
    is_zoned: bool = False
    finding: Finding | None = None


def senses_of(columns: Sequence[Column]) -> list[Sense]:
    """What columns may say of time. Numbers that could be seconds since 1970 are no times where their name does not say
    so and another column has times."""
    found = [sense for column in columns if (sense := sense_of(column)) is not None]
    sure = [sense for sense in found if sense.stamps or not sense.column.has_digits or is_timed(sense.column.name)]
    return sure if any(sense.kind in ("instant", "date") for sense in sure) else found


def sense_of(column: Column) -> Sense | None:
    """What a column may say of time, by its type and texts; None where it says nothing of it."""
    if column.type.startswith("TIMESTAMP WITH"):
        return Sense(column, "instant", 1.0, sql=quote(column.name), is_zoned=True)
    if column.type.startswith("TIMESTAMP"):
        return Sense(column, "instant", 1.0, sql=f"{quote(column.name)}::timestamp")
    if column.type == "DATE":
        return Sense(column, "date", 1.0, sql=f"{quote(column.name)}::timestamp")
    if column.type == "TIME":
        return Sense(column, "time", 1.0, sql=f"({quote(column.name)} - time '00:00')")
    if column.cells in ("TIMESTAMP", "DATE", "TIME"):
        return _serial(column, column.cells)
    if (number := _number_sense(column)) is not None:
        return number
    if not column.is_text:
        return None
    stamps = read_stamps(column.texts)
    if stamps.share < READABLE or not stamps.forms:
        return None
    kind = ("instant" if stamps.has_time else "date") if stamps.has_date else "time"
    return Sense(column, kind, stamps.share, stamps)


def _number_sense(column: Column) -> Sense | None:
    """Epochs, serial days, hours and clock numbers."""
    texts = [text.strip() for text in column.texts]
    numbers = [text.removesuffix(".0") for text in texts if _NUMBER.fullmatch(text)]
    if not numbers or len(numbers) < READABLE * len(texts):
        return None
    share, name = len(numbers) / len(texts), quote(column.name)
    number = f"try_cast({name} as bigint)"
    (length,) = lengths if len(lengths := {len(text.partition(".")[0]) for text in numbers}) == 1 else (0,)
    if length in _EPOCHS and _between(numbers, _EPOCHS[length][1], _FIRST_SECOND, _LAST_SECOND):
        unit, factor = _EPOCHS[length]
        instants = {
            1: f"to_timestamp(try_cast({name} as double))",
            1e3: f"make_timestamptz({number} * 1000)",
            1e6: f"make_timestamptz({number})",
            1e9: f"make_timestamptz({number} // 1000)",
        }
        remark = Finding(column.name, f"{unit} since 1970 in UTC", f"such as {numbers[0]}")
        return Sense(column, "instant", share, sql=instants[factor], is_zoned=True, finding=remark)
    if not is_timed(column.name):
        return None
    whole = all("." not in text for text in numbers)
    if length == 5 and _between(numbers, 1, _FIRST_SERIAL, _LAST_SERIAL):
        return _serial(column, "DATE" if whole else "TIMESTAMP", share)
    if whole and _has_word(_HOUR_WORD, column.name) and all(int(text) < 24 for text in numbers):
        return Sense(column, "hour", share, sql=f"{number} * interval 1 hour")
    if whole and _has_word(_HOUR_WORD, column.name) and {int(text) for text in numbers} <= set(range(25)):
        # one with 0 and 24 is asked about where it is chosen
        remark = Finding(column.name, "hours 1 to 24, each the one that ends then: 1 begins at 00:00", "there is no 0")
        return Sense(column, "hour", share, sql=f"({number} - 1) * interval 1 hour", finding=remark)
    if whole and all(
        len(text) in (3, 4) and int(text) % 100 < 60 and int(text) <= 2400 for text in numbers if text != "0"
    ):
        clock = f"{number} // 100 * interval 1 hour + {number} % 100 * interval 1 minute"
        remark = Finding(column.name, "hours and minutes", f"such as {numbers[0]}")
        return Sense(column, "HHMM", share, sql=clock, finding=remark)
    return None


def _serial(column: Column, cells: str, share: float = 1.0) -> Sense:
    days = f"try_cast({quote(column.name)} as double)"
    if cells == "TIME":
        return Sense(column, "time", share, sql=f"to_seconds(round({days} * 86400))")
    found = Finding(
        column.name, "days since 1899-12-30, as spreadsheets count them", f"such as {next(iter(column.texts))}"
    )
    whole = all(float(text) % 1 == 0 for text in column.texts if _NUMBER.fullmatch(text))
    sql = f"timestamp '1899-12-30' + to_seconds(round({days} * 86400))"
    return Sense(column, "date" if whole else "instant", share, sql=sql, finding=found)


def _between(numbers: list[str], factor: float, first: float, last: float) -> bool:
    return all(first <= float(text) / factor < last for text in numbers)
