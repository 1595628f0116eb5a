"""The vocabulary: one word per idea, shared by SQL, Python, tables and messages."""

import re
from datetime import timedelta
from enum import StrEnum

QUANTILES = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
QUANTILE_COLUMNS = tuple(f"q{round(level * 100):02d}" for level in QUANTILES)
MEDIAN = QUANTILES.index(0.50)

DAY = timedelta(days=1)


class Tier(StrEnum):
    """Source of a series' forecast, best first."""

    ENSEMBLE = "ensemble"
    TREES = "trees"
    PRETRAINED = "pretrained"
    FOUNDATION = "foundation"
    NBEATS = "nbeats"
    TFT = "tft"
    PROFILE = "profile"
    GROWTH = "growth"
    LAST_FOUR = "last_four"
    SEASONAL_NAIVE = "seasonal_naive"
    COLD_START = "cold_start"


class RunKind(StrEnum):
    """Why a run was started, or what it does when it publishes no forecast."""

    NIGHTLY = "nightly"
    MANUAL = "manual"
    BACKFILL = "backfill"
    INGEST = "ingest"
    TRAIN = "train"
    SCORE = "score"
    PLAN = "plan"
    SCENARIO = "scenario"
    EVALUATE = "evaluate"
    MAINTAIN = "maintain"


class RunStatus(StrEnum):
    """How a run ended."""

    RUNNING = "running"
    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    STALE = "stale"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    KILLED = "killed"


class ModelChoice(StrEnum):
    """Which model a backfill uses."""

    AS_OF = "as-of"
    """The champion as of each origin, trained on nothing known later."""
    CHAMPION = "champion"
    """Today's champion, whatever it has seen: hindsight."""


class BackfillStatus(StrEnum):
    """Result of an origin of a backfill."""

    PUBLISHED = "published"
    STALE = "stale"
    """Published from a feed that was too old at the origin."""
    UNCHANGED = "unchanged"
    """Forecast again, with the numbers that are published already."""
    SETTLED = "settled"
    """Not forecast again: code, definition, model and known data are those of the publication."""
    KEPT = "kept"
    """A nightly run is current for it, and replacing that was not asked for."""
    FAILED = "failed"
    WOULD_PUBLISH = "would publish"
    WOULD_CHECK = "would check"
    """It would be forecast again, and published if that differs."""


class StaffingRule(StrEnum):
    """What decided the agents of an interval."""

    TARGET = "target"
    """The fewest with which the probability of meeting the target reaches the confidence asked for."""
    EARLIER_SURPLUS = "earlier_surplus"
    """Fewer than that, because earlier intervals of the day are above the target after rounding up."""
    MIN_AGENTS = "min_agents"
    MAX_OCCUPANCY = "max_occupancy"
    NO_LOAD = "no_load"
    """No calls are expected; the minimum applies."""


class Stat(StrEnum):
    """Statistic of a group in a period."""

    SUM = "sum"
    """Of a stream whose values add over time: their total."""
    MEAN = "mean"
    """Of a stream of rates: the mean over time."""
    MAX = "max"
    """The highest interval."""
    P95 = "p95"
    """The 95th percentile of the intervals."""
    BUSY_HOUR = "busy_hour"
    """The busiest 60 minutes that begin with an interval, as a total or, of rates, a mean; of a week the mean over its
    days (ITU-T E.500)."""


class Period(StrEnum):
    """Span of an aggregate, in local time."""

    INTERVAL = "interval"
    DAY = "day"
    WEEK = "week"
    """From Monday; of a horizon without such a week, its first seven whole days."""
    MONTH = "month"
    """One that lies in the horizon whole."""


class CapacityRule(StrEnum):
    """What decided a link's step."""

    NOT_NEEDED = "not_needed"
    """The limit holds with the confidence asked for until after an order of the next quarter would be in service."""
    SUFFICIENT = "sufficient"
    """The cheapest step that lasts."""
    NO_SUFFICIENT_STEP = "no_sufficient_step"
    """None of the catalogue lasts."""
    NO_CATALOGUE = "no_catalogue"


class SeriesFinding(StrEnum):
    """What is missing or odd about a series or a group: why it is not planned, or how it was counted."""

    NO_CAPACITY = "no_capacity"
    """No capacity, or none above zero, is on record: the series is not planned."""
    NO_FORECAST = "no_forecast"
    """Its peak is not forecast: the series is not planned."""
    CAPACITY_CHANGED = "capacity_changed"
    """Its capacity changed within the history; the newest counts."""
    PEAK_ABOVE_CAPACITY = "peak_above_capacity"
    """More was measured than its capacity can carry: one of the two is wrong or has another unit."""
    STOPPED_REPORTING = "stopped_reporting"
    """It has no value of the last days; or none for weeks, and is not planned."""
    COUNTER_WRAPS = "counter_wraps"
    """Its counter may wrap twice between two readings, so that it shows no traffic."""
    NO_SUFFICIENT_STEP = "no_sufficient_step"
    """Nothing in the catalogue lasts."""
    ORDERED = "ordered"
    """More capacity is ordered for it already: it counts from the day on which it is expected in service."""
    ALONE = "alone"
    """No other series of its group could take over its traffic."""
    ORPHAN = "orphan"
    """It lacks an attribute of the hierarchy, or of the group."""
    TWO_PARENTS = "two_parents"
    """A group of the hierarchy lies in two others; it counts as one group in each."""
    UNCOVERED = "uncovered"
    """No shift of the catalogue covers some hours of the pool that need people."""
    SHIFT_LEFT_OUT = "shift_left_out"
    """A shift of the catalogue cannot be worked in some week of the pool."""
    WEEK_BEFORE = "week_before"
    """The first hours of the plan belong to shifts of the week before it."""
    SHORT_AFTER_SUNDAY = "short_after_sunday"
    """The shifts that end in a week's first hours have fewer people than these need."""


class Verdict(StrEnum):
    """Result of a challenger's contest. Every verdict but `kept` makes the challenger champion."""

    FIRST = "first"
    """No model of this definition was champion yet."""
    PROMOTED = "promoted"
    """Its gain on held-back origins was larger than the gain's noise."""
    AGED = "aged"
    """It was not measurably worse, and the champion was too old to stay without being measurably better."""
    UNCONTESTED = "uncontested"
    """The champion's files were damaged, so that it could not be compared; or both were trained before contests."""
    MANUAL = "manual"
    """A person chose it."""
    KEPT = "kept"
    """The champion stays."""


class Reason(StrEnum):
    """Why a row went to quarantine. A stream's own `rejects` SQL may name further reasons."""

    MISSING_KEY = "missing_key"
    MALFORMED_KEY = "malformed_key"
    """It has control characters, broken text or blanks at its ends, or more than 255 characters."""
    MALFORMED_ATTRIBUTE = "malformed_attribute"
    """An attribute has control characters or broken text."""
    UNKNOWN_KEY = "unknown_key"
    UNPARSABLE_TS = "unparsable_ts"
    TS_OUT_OF_RANGE = "ts_out_of_range"
    TS_AFTER_UNTIL = "ts_after_until"
    TS_BEFORE_SINCE = "ts_before_since"
    OFF_GRID_TS = "off_grid_ts"
    NONEXISTENT_LOCAL_TIME = "nonexistent_local_time"
    AMBIGUOUS_LOCAL_TIME = "ambiguous_local_time"
    DUPLICATE_KEY = "duplicate_key"
    UNPARSABLE_VALUE = "unparsable_value"
    NON_FINITE_VALUE = "non_finite_value"
    VALUE_TOO_LARGE = "value_too_large"
    NEGATIVE_VALUE = "negative_value"
    BAD_WEIGHT = "bad_weight"
    """It is negative or not finite."""
    UNPARSABLE_AVAILABLE_AT = "unparsable_available_at"
    UNIT_SCALE = "unit_scale"
    """The level is about a thousand times another: not believed until it has lasted, or a person accepts it."""


class Operation(StrEnum):
    """What a planner's adjustment does with the forecast of an interval."""

    PERCENT = "percent"
    """More by so many percent, or less."""
    ADD = "add"
    SET = "set"
    FLOOR = "floor"
    """At least so much."""
    CAP = "cap"
    """At most so much."""


class AdjustedBy(StrEnum):
    """What adjustments have in common whose worth is summed."""

    ADJUSTMENT = "adjustment"
    AUTHOR = "author"
    REASON = "reason"
    OPERATION = "operation"
    SIZE = "size"
    DIRECTION = "direction"


class EventKind(StrEnum):
    """Kind of event, which decides how the panel treats demand under it."""

    HOLIDAY = "holiday"
    CAMPAIGN = "campaign"
    CLOSURE = "closure"
    OUTAGE = "outage"
    SURGE = "surge"
    """A person's word that demand was beyond the plausible: it is left out of the learning."""
    DEMAND = "demand"
    """A person's word that demand was real, whatever looks like a surge."""


_DURATION = re.compile(r"\s*(\d+)\s*(s|sec|min|h|d|w)\s*")
_UNIT = {
    "s": timedelta(seconds=1),
    "sec": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": DAY,
    "w": 7 * DAY,
}


def parse_duration(text: str) -> timedelta:
    """Read `30min`, `6h`, `14d` or `2w`.

    Raises ValueError on anything else, zero included.
    """
    match = _DURATION.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise ValueError(f"expected a duration such as 30min, 6h, 14d or 2w, found {text!r}")
    try:
        return int(match[1]) * _UNIT[match[2]]
    except OverflowError as error:
        raise ValueError(f"expected a duration of at most 999999999d, found {text!r}") from error


def format_duration(duration: timedelta) -> str:
    """Write a duration the way `parse_duration` reads it, in its largest whole unit."""
    for unit in ("d", "h", "min", "s"):
        if duration % _UNIT[unit] == timedelta(0):
            return f"{duration // _UNIT[unit]}{unit}"
    raise ValueError(f"expected whole seconds, found {duration!r}")
