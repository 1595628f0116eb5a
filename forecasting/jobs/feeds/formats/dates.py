"""Dates and times as texts: the formats that a column has, and which of day and month comes first."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from statistics import median

from forecasting.jobs.feeds.formats.columns import SPACES

_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = r"(?P<day_name>(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? +)?"
_DATES = (
    r"(?P<y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})",
    r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
    r"(?P<a>\d{1,2})(?P<sep>[-/. ])(?P<b>\d{1,2})(?P=sep)(?P<y>\d{4}|\d{2})",
    r"(?P<d>\d{1,2})(?P<sep>[-/. ]?)(?P<name>[a-z]{3,9})(?P=sep)(?P<y>\d{4}|\d{2})",
    r"(?P<name>[a-z]{3,9}) (?P<d>\d{1,2}),? (?P<y>\d{4})",
)
_TIME = r"(?P<H>\d{1,2})(?P<colon>[:h])(?P<M>\d{2})(?::(?P<S>\d{2})(?P<f>[.,]\d{1,9})?)?(?P<half> ?[ap]m)?"
_COMPACT_TIME = r"(?P<H>\d{2})(?P<M>\d{2})(?P<S>\d{2})?"
_OFFSET = r"(?P<gap> ?)(?P<offset>z|utc|gmt|[+-]\d{2}(?::?\d{2})?)"
_TIMES = re.compile(rf"{_TIME}")
_STAMPS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        *(rf"{_DAYS}{form}(?:(?P<join>t|,? +| - ){_TIME}(?:{_OFFSET})?)?" for form in _DATES),
        rf"{_DATES[1]}(?P<join>t| ?){_COMPACT_TIME}(?:{_OFFSET})?",
    )
)
_MARK = re.compile(r" ?(?: - | – |–| to |/) ?(?=\d)", re.IGNORECASE)
_TIME_RANGE = re.compile(rf"(?P<first>{_TIME})(?P<mark> ?- ?)\d.*", re.IGNORECASE)

_SPACES = re.compile(f"[{SPACES}]")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_HALF_TEXT = r"([ap])(\. ?m\.?| m\b)"
_HALF = re.compile(_HALF_TEXT, re.IGNORECASE)

_DAY_END = re.compile(r"(^|[ t])24:?00(:?00)?([^\d]|$)", re.IGNORECASE)
DAY_ENDS = "such times name the ends of intervals; export their starts, or take one interval off in SQL"

ORDERS = ("dmy", "mdy", "ymd")
Triple = tuple[int, int, int]
"""The three numbers of a date in the order in which they are written."""


@dataclass(frozen=True)
class Stamp:
    """One text as a date, a time of day or both.

    form: strptime's format, with `@1`, `@2` and `@3` for the numbers of a date whose order is open. numbers: these.
    mark: what separates the start of a range from its end; empty where it is none.
    """

    form: str
    has_date: bool
    has_time: bool
    has_offset: bool = False
    numbers: Triple | None = None
    mark: str = ""

    def format(self, order: str) -> str:
        """Strptime's format where day and month come in an order."""
        if self.numbers is None:
            return self.form
        year = "%y" if max(len(str(number)) for number in self.numbers) <= 2 else "%Y"
        codes = {"d": "%d", "m": "%m", "y": year}
        form = self.form
        for place, letter in enumerate(order, start=1):
            form = form.replace(f"@{place}", codes[letter])
        return form


@dataclass(frozen=True)
class Stamps:
    """A column of dates or times. share: of its texts that are; forms: a stamp of each format, the commonest first."""

    share: float
    forms: tuple[Stamp, ...]
    numbers: tuple[Triple, ...]
    """Distinct dates whose order is open."""
    is_clean: bool
    """Whether all times lie on whole minutes, as starts of intervals do and durations do not."""

    @property
    def has_date(self) -> bool:
        return bool(self.forms) and self.forms[0].has_date

    @property
    def has_time(self) -> bool:
        return any(form.has_time for form in self.forms)


def read_stamps(texts: Mapping[str, int]) -> Stamps:
    """The formats of a column's texts; those that are no time are left out."""
    found: Counter[tuple[str, bool, bool, bool, str]] = Counter()
    first: dict[tuple[str, bool, bool, bool, str], Stamp] = {}
    numbers: dict[Triple, None] = {}
    read, clean = 0, True
    for text, count in texts.items():
        stamp = read_stamp(text)
        if stamp is None:
            continue
        read += count
        key = stamp.format("dmy"), stamp.has_date, stamp.has_time, stamp.has_offset, stamp.mark
        found[key] += count
        first.setdefault(key, stamp)
        if stamp.numbers:
            numbers[stamp.numbers] = None
        clean = clean and _whole_minute(text)
    has_date = sum(count for key, count in found.items() if key[1]) * 2 > read
    forms = tuple(first[key] for key, _ in found.most_common() if key[1] == has_date)
    return Stamps(read / max(sum(texts.values()), 1), forms, tuple(numbers), clean)


def plain_stamp(text: str) -> str:
    """A time's text without what only layout adds: spaces of Unicode, marks that show nothing, dots of `a. m.`."""
    return _HALF.sub(r"\1m", _SPACES.sub(" ", _UNSEEN.sub("", text))).strip()


def plain_stamp_sql(text: str) -> str:
    """SQL of the same."""
    seen = f"regexp_replace(regexp_replace({text}, '\\p{{Cf}}', '', 'g'), '\\p{{Zs}}', ' ', 'g')"
    return f"regexp_replace({seen}, '{_HALF_TEXT}', '\\1m', 'gi')"


def read_stamp(text: str) -> Stamp | None:
    """A text as a date, a time or both, or the range that begins with one."""
    stripped = plain_stamp(text)
    whole = _read_whole(stripped)
    if whole:
        return whole
    times = _TIME_RANGE.fullmatch(stripped)
    splits = [(times["first"], times["mark"])] if times else []
    splits += [(stripped[: match.start()], match[0]) for match in _MARK.finditer(stripped)]
    for first, mark in splits:
        start = _read_whole(first.strip())
        plain = mark.strip() or mark
        spaced = mark if start and plain == "-" and start.has_date else plain
        if start and spaced not in first:
            return replace(start, mark=spaced)
    return None


def is_day_end(text: str) -> bool:
    """Whether a text begins with 24:00, at which no interval of a day begins."""
    return read_stamp(text) is None and _DAY_END.search(plain_stamp(text)) is not None


def _read_whole(text: str) -> Stamp | None:
    if match := _TIMES.fullmatch(text.lower()):
        return Stamp(_time_form(match), False, True) if _is_time(match) else None
    for pattern in _STAMPS:
        match = pattern.fullmatch(text)
        if match is None:
            continue
        parts = match.groupdict()
        form = _date_form(parts)
        if form is None or (parts["H"] and not _is_time(match)):
            continue
        numbers = (int(parts["a"]), int(parts["b"]), int(parts["y"])) if parts.get("a") else None
        if numbers and not any(_is_date(numbers, order) for order in ORDERS):
            continue
        joined = f"{parts['join']}{_time_form(match)}" if parts["H"] else ""
        offset = f"{parts['gap']}%z" if parts["offset"] else ""
        return Stamp(form + joined + offset, True, bool(parts["H"]), bool(offset), numbers)
    return None


def possible_orders(numbers: Sequence[Triple]) -> list[str]:
    """Orders in which all dates are dates."""
    return [order for order in ORDERS if all(_is_date(triple, order) for triple in numbers)]


def usual_gap(numbers: Sequence[Triple], order: str) -> float | None:
    """Median days from one date to the next in an order; None for a single date."""
    days = sorted({_as_date(triple, order) for triple in numbers})
    if len(days) < 2:
        return None
    return float(median((later - day).days for day, later in pairwise(days)))


def _date_form(parts: Mapping[str, str | None]) -> str | None:
    day_name = parts.get("day_name") or ""
    prefix = ""
    if day_name:
        word = day_name.rstrip(" ,")
        prefix = ("%a" if len(word) == 3 else "%A") + day_name[len(word) :]
    sep = parts.get("sep") or ""
    if parts.get("a"):
        return f"{prefix}@1{sep}@2{sep}@3"
    if name := parts.get("name"):
        if name.lower()[:3] not in _NAMES:
            return None
        month = "%b" if len(name) == 3 else "%B"
        year = "%Y" if len(parts["y"] or "") == 4 else "%y"
        if parts.get("sep") is None:
            return f"{prefix}{month} %d, %Y"
        return f"{prefix}%d{sep}{month}{sep}{year}"
    whole = (int(parts["y"] or 0), int(parts["m"] or 0), int(parts["d"] or 0))
    if not (1900 <= whole[0] < 2200) or not _is_date(whole, "ymd"):
        return None
    return f"{prefix}%Y{sep}%m{sep}%d"


def _time_form(match: re.Match[str]) -> str:
    parts = match.groupdict()
    half = parts.get("half") or ""
    form = f"{'%I' if half else '%H'}{parts.get('colon') or ''}%M"
    if parts["S"]:
        form += f"{parts.get('colon') or ''}%S"
    if fraction := parts.get("f"):
        form += f"{fraction[0]}{'%f' if len(fraction) <= 7 else '%n'}"
    return form + (f"{' ' if half.startswith(' ') else ''}%p" if half else "")


def _is_time(match: re.Match[str]) -> bool:
    hour, minute, second = (int(match[key] or 0) for key in "HMS")
    return hour < 24 and minute < 60 and second < 60


def _whole_minute(text: str) -> bool:
    seconds = re.search(r":\d\d:(\d\d)", text)
    return seconds is None or seconds[1] == "00"


def _is_date(triple: Triple, order: str) -> bool:
    try:
        _as_date(triple, order)
    except ValueError:
        return False
    return True


def _as_date(triple: Triple, order: str) -> date:
    numbers = dict(zip(order, triple, strict=True))
    # as strptime reads two digits
    year = numbers["y"] + (0 if numbers["y"] > 99 else 2000 if numbers["y"] < 69 else 1900)
    return date(year, numbers["m"], numbers["d"])
