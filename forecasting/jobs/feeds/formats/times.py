"""Which columns say when an interval begins, and the SQL that makes an instant or a local time of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from forecasting.jobs.feeds.findings import FeedQuestionError, Finding, Stated
from forecasting.jobs.feeds.formats.columns import Column, is_called, listed, literal, quote, readable_twin, spaced
from forecasting.jobs.feeds.formats.dates import (
    DAY_ENDS,
    Stamp,
    is_day_end,
    plain_stamp,
    plain_stamp_sql,
    possible_orders,
    read_stamp,
    usual_gap,
)
from forecasting.jobs.feeds.formats.senses import Sense, is_timed, sense_of, senses_of

_REGULAR = 4.0
"""An order of day and month is believed where the other one spaces the dates this many times wider."""
_WEEK_DAYS = 7.0
_ENDS = re.compile(r"(^|[^a-z])(end|ends|stop|to|until|finish|last|bis|fin)([^a-z]|$)", re.IGNORECASE)


@dataclass(frozen=True)
class TimeReading:
    """The time of a feed. sql: TIMESTAMPTZ where is_zoned, else local TIMESTAMP; columns: those it is made of."""

    sql: str
    is_zoned: bool
    columns: tuple[str, ...]
    findings: tuple[Finding, ...]

    def instant(self, zone: str, name: str = "ts") -> str:
        """An instant, where the reading itself stands as a column `name`."""
        return name if self.is_zoned else f"{name} at time zone {literal(zone)}"


def read_times(columns: Sequence[Column], stated: Stated, known: Sequence[str]) -> TimeReading:
    """The reading of a feed's time: of the columns stated, else of those that look like it.

    known: names that are usual for a time, the best first. Raises FeedQuestionError where several columns may be it,
    none is, or day and month may be either.
    """
    senses = senses_of(columns)
    raws = {sense.column.name: twin for sense in senses if (twin := readable_twin(sense.column, columns))}
    readable = [sense for sense in senses if sense.column.name not in raws]
    chosen = _stated(columns, stated) if stated.ts_columns else _choose(columns, readable, known)
    _check_begins(chosen)
    findings = [sense.finding for sense in chosen if sense.finding]
    findings += [
        Finding(twin, "the time", f"{raw} holds it as a raw number", f"--ts-col '{raw}'")
        for raw, twin in raws.items()
        if twin == chosen[0].column.name
    ]
    first, *rest = chosen
    if not rest:
        return _single(first, stated, findings)
    if first.stamps and rest[0].stamps:
        return _joined(first, rest[0], stated, findings)
    date, found = _as_date(first, stated)
    time, more = _as_time(rest[0])
    findings += [*found, *more]
    names = first.column.name, rest[0].column.name
    remark = Finding(" and ".join(names), "date and time of day in columns of their own")
    return TimeReading(f"{date} + {time}", False, names, (remark, *findings))


def _choose(columns: Sequence[Column], senses: list[Sense], known: Sequence[str]) -> list[Sense]:
    starts = [sense for sense in senses if not _ENDS.search(spaced(sense.column.name))] or senses
    instants = [sense for sense in starts if sense.kind == "instant"]
    dates = [sense for sense in starts if sense.kind == "date"]
    clocks = [
        sense
        for sense in starts
        if sense.kind in ("time", "hour", "HHMM")
        and (sense.stamps is None or sense.stamps.is_clean)
        and is_timed(sense.column.name)
    ]
    if len(instants) > 1 or (len(dates) > 1 and not instants):
        several = instants or dates
        ranked = [sense for name in known for sense in several if is_called(sense.column.name, name)]
        if not ranked:
            names = listed([sense.column.name for sense in several])
            raise FeedQuestionError(f"several columns hold times: {names}; say which begins the interval with --ts-col")
        instants, dates = ([ranked[0]], dates) if instants else ([], [ranked[0]])
    if instants:
        return instants
    if dates:
        if len(clocks) > 1:
            names = listed([sense.column.name for sense in clocks])
            raise FeedQuestionError(f"several columns hold times of day: {names}; say --ts-col DATE --ts-col TIME")
        return [dates[0], *clocks]
    shown = next((column for name in known for column in columns if is_called(column.name, name)), None)
    names = listed([column.name for column in columns])
    if shown is None:
        clock = f" ({clocks[0].column.name} has a time of day, but no column has dates)" if clocks else ""
        raise FeedQuestionError(f"no column holds times{clock}; say --ts-col, one of {names}")
    raise FeedQuestionError(unreadable_times(shown))


def _check_begins(chosen: Sequence[Sense]) -> None:
    """Raise FeedQuestionError where times go to 24:00, at which no interval of a day begins."""
    for sense in chosen:
        texts = [text.strip() for text in sense.column.texts]
        late = [text for text in texts if is_day_end(text)]
        if sense.kind == "hour" and {"0", "24"} <= {text.removesuffix(".0").lstrip("0") or "0" for text in texts}:
            late = ["24"]
        if late:
            raise FeedQuestionError(
                f"column {sense.column.name}: no interval of a day begins at 24:00, as in {late[0]!r}: {DAY_ENDS}"
            )


def unreadable_times(column: Column) -> str:
    """The message for a column whose texts are no times."""
    texts = listed([repr(text) for text in list(column.texts)[:3]])
    return (
        f"column {column.name}: {texts} cannot be read as times; expected such as 2024-01-31 08:00, 31/01/2024 08:00 "
        "or seconds since 1970; give --date-format with a format of strptime, or another column with --ts-col"
    )


def _stated(columns: Sequence[Column], stated: Stated) -> list[Sense]:
    chosen = []
    for name in stated.ts_columns:
        column = next(column for column in columns if column.name == name)
        found = sense_of(column)
        if found is None and stated.date_format and "%" in stated.date_format:
            found = Sense(column, "instant", 1.0)
        if found is None:
            raise FeedQuestionError(unreadable_times(column))
        chosen.append(found)
    if len(chosen) > 2:
        raise FeedQuestionError("--ts-col: expected one column, or a date and a time of day")
    if len(chosen) == 2 and chosen[1].kind in ("date", "instant"):
        chosen.reverse()
    kinds = [sense.kind for sense in chosen]
    if kinds[0] not in ("instant", "date") or (len(kinds) == 2 and kinds[1] in ("date", "instant")):
        raise FeedQuestionError(
            f"--ts-col {' and '.join(stated.ts_columns)}: found {' and '.join(kinds)}; expected a column of dates, and "
            "beside it one of times of day"
        )
    return chosen


def _single(sense: Sense, stated: Stated, findings: list[Finding]) -> TimeReading:
    names = (sense.column.name,)
    if sense.stamps is None and sense.sql:
        return TimeReading(sense.sql, sense.is_zoned, names, tuple(findings))
    text, found = _trimmed(sense)
    findings += found
    if stated.date_format and "%" in stated.date_format:
        zoned = "%z" in stated.date_format.lower()
        remark = Finding(sense.column.name, f"times as {stated.date_format}", "--date-format")
        sql = f"try_strptime({text}, {literal(plain_stamp(stated.date_format))})"
        return TimeReading(sql, zoned, names, (*findings, remark))
    assert sense.stamps is not None
    order, order_remark = _order(sense, stated)
    findings += [order_remark] if order_remark else []
    sql, zoned, formats = _parsed(text, sense.stamps.forms, order, stated)
    if not order_remark and formats != ["%Y-%m-%d %H:%M:%S"]:
        findings.append(Finding(sense.column.name, f"times as {listed(formats, 3)}", option="--date-format"))
    return TimeReading(sql, zoned, names, tuple(findings))


def _joined(first: Sense, second: Sense, stated: Stated, findings: list[Finding]) -> TimeReading:
    """A column of dates and one of times, both texts: read as one text."""
    assert first.stamps
    assert second.stamps
    order, order_remark = _order(first, stated)
    (date, found), (time, more) = _trimmed(first), _trimmed(second)
    findings += [*found, *more, *([order_remark] if order_remark else [])]
    forms = [f"{day.format(order)} {clock.form}" for day in first.stamps.forms for clock in second.stamps.forms]
    names = first.column.name, second.column.name
    remark = Finding(" and ".join(names), f"date and time of day, as {listed(forms, 3)}", option="--date-format")
    return TimeReading(_strptime(f"concat_ws(' ', {date}, {time})", forms), False, names, (remark, *findings))


def _as_date(sense: Sense, stated: Stated) -> tuple[str, list[Finding]]:
    if sense.stamps is None:
        return sense.sql, []
    order, remark = _order(sense, stated)
    text, found = _trimmed(sense)
    return _strptime(text, [form.format(order) for form in sense.stamps.forms]), [*found, *([remark] if remark else [])]


def _as_time(sense: Sense) -> tuple[str, list[Finding]]:
    if sense.stamps is None:
        return sense.sql, []
    text, found = _trimmed(sense)
    parsed = _strptime(text, [form.form for form in sense.stamps.forms])
    return f"({parsed} - timestamp '1900-01-01')", found


def _trimmed(sense: Sense) -> tuple[str, list[Finding]]:
    """The text of the start, where a column holds ranges; with plain spaces."""
    name = quote(sense.column.name)
    found = []
    if any(plain_stamp(text) != text.strip() for text in sense.column.texts):
        name = plain_stamp_sql(name)
        found = [Finding(sense.column.name, "unusual spaces, or dots in a.m. and p.m., are read as plain ones")]
    marks = {form.mark for form in sense.stamps.forms if form.mark} if sense.stamps else set()
    if not marks:
        return name, found
    (mark, *_) = sorted(marks)
    remark = Finding(
        sense.column.name, "ranges, of which the start is taken", f"such as {next(iter(sense.column.texts))}"
    )
    return f"split_part({name}, {literal(mark)}, 1)", [*found, remark]


def _parsed(text: str, forms: Sequence[Stamp], order: str, stated: Stated) -> tuple[str, bool, list[str]]:
    """SQL of a stamp in any of some formats, with and without an offset."""
    zoned = list(dict.fromkeys(form.format(order) for form in forms if form.has_offset))
    naive = list(dict.fromkeys(form.format(order) for form in forms if not form.has_offset))
    # %z reads no letters
    offset = f"regexp_replace({text}, '(Z|UTC|GMT)$', '+00:00', 'i')"
    if not zoned:
        return _strptime(text, naive), False, naive
    tried = [f"try_strptime({offset}, {literal(form)})" for form in zoned]
    if naive:
        zone = stated.ts_timezone or stated.timezone
        tried.append(f"{_strptime(text, naive)} at time zone {literal(zone)}")
    sql = tried[0] if len(tried) == 1 else f"coalesce({', '.join(tried)})"
    return sql, True, [*zoned, *naive]


def _strptime(text: str, formats: Sequence[str]) -> str:
    formats = list(dict.fromkeys(formats))
    chosen = literal(formats[0]) if len(formats) == 1 else f"[{', '.join(map(literal, formats))}]"
    return f"try_strptime({text}, {chosen})"


def _order(sense: Sense, stated: Stated) -> tuple[str, Finding | None]:
    """The order of day, month and year, and what is to be said of it."""
    assert sense.stamps is not None
    numbers, name = sense.stamps.numbers, sense.column.name
    if not numbers:
        return "dmy", None
    if stated.date_format:
        order = "".join(re.findall("%([dmy])", stated.date_format.lower())) or stated.date_format
        return order, Finding(name, f"dates as {order}", "--date-format")
    orders = possible_orders(numbers)
    form = next(form for form in sense.stamps.forms if form.numbers)
    if not orders:
        shown = _shown(sense)
        raise FeedQuestionError(f"column {name}: no order of day, month and year fits all dates, such as {shown}")
    if len(orders) == 1:
        return orders[0], Finding(name, _described(orders[0], form), "no other order fits", "--date-format")
    if all(triple[0] == triple[1] for triple in numbers) and set(orders) == {"dmy", "mdy"}:
        orders = ["dmy"] if len(numbers) > 1 else orders
    gaps = {order: gap for order in orders if (gap := usual_gap(numbers, order)) is not None}
    ranked = sorted(gaps, key=lambda order: gaps[order])
    if len(ranked) > 1 and gaps[ranked[0]] <= _WEEK_DAYS and gaps[ranked[1]] >= _REGULAR * gaps[ranked[0]]:
        why = (
            f"either order fits every date; in this one dates follow each other by {gaps[ranked[0]]:g} days, in the "
            f"other by {gaps[ranked[1]]:g}"
        )
        other = _example(ranked[1])
        return ranked[0], Finding(name, _described(ranked[0], form), why, f"--date-format {other}")
    choices = " or ".join(f"--date-format {_example(order)} ({_words(order)})" for order in orders)
    raise FeedQuestionError(
        f"column {name}: {_shown(sense)} may be {' or '.join(map(_words, orders))}: no date decides it; say {choices}"
    )


def _shown(sense: Sense) -> str:
    return next(text for text in sense.column.texts if (stamp := read_stamp(text)) and stamp.numbers)


def _example(order: str) -> str:
    return order


def _words(order: str) -> str:
    return {"dmy": "day first", "mdy": "month first", "ymd": "year first"}[order]


def _described(order: str, form: Stamp) -> str:
    return f"{_words(order)}, as {form.format(order)}"
