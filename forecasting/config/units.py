"""Which units are counts: whole numbers of things that happen one by one, as calls do and megabits do not."""

import re

COUNTED = frozenset(
    {
        *(
            "alarm",
            "arrival",
            "attempt",
            "call",
            "case",
            "chat",
            "click",
            "contact",
            "count",
            "customer",
            "email",
            "event",
        ),
        *("failure", "hit", "mail", "message", "order", "packet", "passenger", "request", "ride", "session", "sms"),
        *("ticket", "trip", "user", "view", "visit"),
    }
)
"""Words, in the singular, that name such things."""
_PER_SECOND = re.compile(r"(/|\bper\b)\s*(s|sec|second|seconds)\b")


def is_count(unit: str, aggregate: str) -> bool:
    """Whether values of a unit are counts: sums of calls are; megabits, rates, means and peaks are not."""
    folded = unit.lower()
    words = {word for found in re.findall(r"[a-z]+", folded) for word in (found, found.removesuffix("s"))}
    return aggregate == "sum" and not _PER_SECOND.search(folded) and not words.isdisjoint(COUNTED)
