"""`[[calendar.hours]]`: weekdays and spans of local time, as a definition writes them."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from pydantic import Field, model_validator

from forecasting.config.base import Section

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_A_DAY = 24 * 60

Span = tuple[int, int]


class HoursRule(Section):
    """`[[calendar.hours]]`: opening hours of the series whose attributes match `where`.

    `weekdays` holds, Monday first, the open spans of each weekday in minutes after local midnight; a span may end after
    1440, past midnight. `holiday` holds the spans of public holidays, None where the weekday's hours apply.
    """

    where: dict[str, str] = Field(default_factory=dict)
    weekdays: tuple[tuple[Span, ...], ...]
    holiday: tuple[Span, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_toml(cls, raw: Any) -> Any:
        if not isinstance(raw, Mapping) or "weekdays" in raw:
            return raw
        days: dict[int, tuple[Span, ...]] = {}
        parsed: dict[str, Any] = {"where": raw.get("where", {})}
        for key, value in raw.items():
            if key == "holiday":
                parsed["holiday"] = parse_spans(value)
            elif key != "where":
                for day in parse_weekdays(key):
                    if day in days:
                        raise ValueError(f"{WEEKDAYS[day]} is given twice, the second time by {key!r}")
                    days[day] = parse_spans(value)
        parsed["weekdays"] = tuple(days.get(day, ()) for day in range(7))
        return parsed

    @model_validator(mode="after")
    def _no_overlap(self) -> "HoursRule":
        spans = sorted(
            (day * MINUTES_A_DAY + start, day * MINUTES_A_DAY + end)
            for day, spans_of_day in enumerate(self.weekdays)
            for start, end in spans_of_day
        )
        week = 7 * MINUTES_A_DAY
        wrapped = [*spans, *((start + week, end + week) for start, end in spans[:1])]
        for (_, end), (start, _) in pairwise(wrapped):
            if start < end:
                day, minute = divmod(start % week, MINUTES_A_DAY)
                raise ValueError(
                    f"opening hours overlap on {WEEKDAYS[day]} at {minute // 60:02d}:{minute % 60:02d} "
                    f"(where = {self.where or 'every series'})"
                )
        return self


def parse_weekdays(text: str) -> tuple[int, ...]:
    """Weekday numbers, Monday 0, of `mon`, `sun-thu` (weeks wrap) or `mon,wed`."""
    days: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        last = last or first
        if first not in WEEKDAYS or last not in WEEKDAYS:
            raise ValueError(f"expected weekdays such as mon, sun-thu or mon,wed, found {text!r}")
        start = WEEKDAYS.index(first)
        length = (WEEKDAYS.index(last) - start) % 7
        days.extend((start + step) % 7 for step in range(length + 1))
    return tuple(days)


_SPAN = re.compile(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)")


def parse_spans(text: str) -> tuple[Span, ...]:
    """Minutes after midnight of `07:00-24:00`, `20:00-02:00` (past midnight), `08:00-12:00,13:00-17:00` or `closed`."""
    if not isinstance(text, str):
        raise ValueError(f"expected hours such as '07:00-24:00' or 'closed', found {text!r}")
    if text == "closed":
        return ()
    spans = []
    for part in text.split(","):
        match = _SPAN.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"expected hours such as 07:00-24:00 or closed, found {text!r}")
        start, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
        if start > MINUTES_A_DAY or end > MINUTES_A_DAY or int(match[2]) > 59 or int(match[4]) > 59:
            raise ValueError(f"expected hours between 00:00 and 24:00, found {text!r}")
        spans.append((start, end if end > start else end + MINUTES_A_DAY))
    spans.sort()
    for (_, end), (start, _) in pairwise(spans):
        if start < end:
            raise ValueError(f"opening hours overlap in {text!r}")
    return tuple(spans)
