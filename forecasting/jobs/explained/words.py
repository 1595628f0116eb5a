"""What the parts of a forecast are called, and the sentence that a planner reads first."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from forecasting.ensemble.explained.waterfall import (
    CALIBRATION,
    EVENTS,
    FILLED,
    LEVEL,
    MEMBER,
    NEWEST,
    RECONCILIATION,
    REST,
    TREES,
    USUAL,
)
from forecasting.models.influences import Influence
from forecasting.numerics import in_full
from forecasting.terms import Tier

MEMBERS = {
    Tier.TREES: "trees",
    Tier.GROWTH: "growth model",
    Tier.FOUNDATION: "foundation model",
    Tier.PROFILE: "profile",
    Tier.PRETRAINED: "pretrained networks",
    Tier.TFT: "TFT",
    Tier.NBEATS: "N-BEATS",
    Tier.LAST_FOUR: "mean of four weeks",
    Tier.SEASONAL_NAIVE: "last week again",
    Tier.COLD_START: "shape of series like it",
}
INFLUENCES = {
    Influence.SLOT: "same time in past weeks",
    Influence.CLOCK: "same time on past days",
    Influence.LEVEL: "level of four weeks",
    Influence.HOURS: "newest intervals",
    Influence.DAYS: "trend of the last days",
    Influence.PROFILE: "profile of the series",
    Influence.TIME: "hour and weekday",
    Influence.SEASON: "month and time of year",
    Influence.AHEAD: "days ahead",
    Influence.HOLIDAY: "holidays, days around",
    Influence.CAMPAIGN: "campaigns",
    Influence.ATTRIBUTE: "kind of series",
    Influence.USUAL: "growth seen in all series",
}
_PARTS = {
    LEVEL: "new level of the series",
    USUAL: "four weeks against it",
    CALIBRATION: "calibration of ranges",
    RECONCILIATION: "agreement of sums",
    EVENTS: "events ahead",
    REST: "rest",
}
MOST_NAMED = 2
"""Reasons that the first sentence names."""
LEAST_SHARE = 0.15
"""Share of the change below which a reason is not worth a word there."""


def name_part(part: str, *, newest: str, tier: str) -> str:
    """A part in words. newest: what the sum begins with; tier: source of the forecast."""
    if part == NEWEST:
        return newest
    if part == FILLED:
        return name_member(tier)
    if part.startswith(TREES):
        return f"trees: {INFLUENCES[Influence(part.removeprefix(TREES))]}"
    if part.startswith(MEMBER):
        return name_member(part.removeprefix(MEMBER))
    return _PARTS[part]


def name_member(name: str) -> str:
    """A member in words; one that is unknown is itself."""
    return MEMBERS.get(Tier(name), name) if name in list(Tier) else name


def first_sentence(when: str, published: float, parts: Mapping[str, float], names: Mapping[str, str]) -> str:
    """How far the forecast is from the newest value, and mostly why. parts, names: by name of the part."""
    start = parts[NEWEST]
    change = published - start
    if start <= 0 or abs(change) < 0.005 * abs(start):
        what = "is as" if start > 0 or published == start else "has a forecast where there was nothing on"
        return f"{when} {what} {names[NEWEST]}."
    size = f"{abs(change) / start:.0%} {'above' if change > 0 else 'below'} {names[NEWEST]}"
    reasons = [
        f"{names[part].removeprefix('trees: ')} ({in_full(value, digits=3, sign=True)})"
        for part, value in sorted(parts.items(), key=lambda item: -item[1] * change)
        if part != NEWEST and value * change > 0 and abs(value) >= LEAST_SHARE * abs(change)
    ][:MOST_NAMED]
    return f"{when} is {size}, mostly because of: {' and '.join(reasons)}." if reasons else f"{when} is {size}."


def bars(values: Sequence[float], *, width: int) -> list[str]:
    """A bar for each step of a sum: full blocks where it rises, light ones where it falls; the first from zero.

    values: what each step adds. Every bar begins where the one before ends.
    """
    total, edges = 0.0, [0.0]
    for value in values:
        total += value
        edges.append(total)
    inner = edges[1:]
    low, high = min(inner), max(inner)
    # steps are small beside the first value: the scale begins near the lowest point of the sum
    low = max(low - 0.25 * (high - low), 0.0) if low > 0 else low
    span = (high - low) or 1.0

    def place(value: float) -> int:
        return round(min(max((value - low) / span, 0.0), 1.0) * width)

    found = []
    for before, after in pairwise(edges):
        left, right = sorted((place(before), place(after)))
        mark = "█" if after >= before else "░"
        found.append(" " * left + (mark * (right - left) or "│"))
    return found
