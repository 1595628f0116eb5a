"""What the columns of a feed are for: which holds the demand, which name a series, which describe it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from forecasting.jobs.feeds.findings import FeedQuestionError, Notes, Stated
from forecasting.jobs.feeds.formats.columns import Column, is_called, listed, readable_twin, spaced
from forecasting.jobs.feeds.formats.numbers import MOSTLY, is_unknown, number_share

TIMES = (
    *(
        "ts",
        "timestamp",
        "time",
        "datetime",
        "date_time",
        "interval_start",
        "start_interval",
        "start_time",
        "start",
        "begin",
    ),
    *(
        "from",
        "interval",
        "period",
        "date",
        "day",
        "ds",
        "fecha",
        "fecha_hora",
        "datum",
        "zeit",
        "zeitpunkt",
        "time_local",
        "hour",
    ),
)
KEYS = (
    *(
        "series_id",
        "series",
        "id",
        "queue",
        "queue_id",
        "queue_name",
        "queuename",
        "link",
        "link_id",
        "cell",
        "cell_id",
    ),
    *(
        "name",
        "key",
        "port",
        "interface",
        "ifname",
        "device",
        "instance",
        "site",
        "skill",
        "split",
        "vdn",
        "cola",
        "group",
    ),
)
DEMAND = (
    *("y", "value", "demand", "calls", "calls_offered", "offered", "callsoffered", "volume", "contacts", "traffic"),
    *("count", "usage", "nco", "llamadas", "anrufe", "appels", "arrivals", "load", "requests"),
)
_MEASURE = re.compile(
    r"(^|[^a-z])(y|value|demand|calls?|offered|volume|contacts?|traffic|count|usage|load|requests?|aht|handle[a-z]*|talk"
    r"|hold|acw|abandon[a-z]*|answer[a-z]*|sl|asa|occ[a-z]*|kbps|mbps|gbps|bps|bits?|bytes?|octets?|in|out|rx|tx|util[a-z]*"
    r"|min|max|avg|mean|peak|p\d\d|errors?|drops?|capacity|speed|limit|target|agents?|staff[a-z]*|total|sum|seconds|duration"
    r"|longest|average|rate|percent|pct|service|level|llamadas|anrufe|appels|nco)([^a-z]|$)",
    re.IGNORECASE,
)
"""Words of columns that measure one thing, so that several of them are no queues."""
_NO_DEMAND = re.compile(
    r"(^|[^a-z])(capacity|speed|limit|bandwidth|target|threshold|agents?|staff[a-z]*|lat|lon|latitude|longitude|"
    r"id|row|rownum|index|no|year|month|week|weekday|dow|interval|errors?|discards?|coverage|downtime)([^a-z]|$)",
    re.IGNORECASE,
)
"""Numbers that are not the demand itself, unless a person says so."""
_KEY_NUMBER = re.compile(
    r"(^|[^a-z])(id|no|nr|num|number|code|port|vdn|split|skill|cell|queue|vlan|index)([^a-z]|$)", re.I
)
_RATE = re.compile(
    r"(^|[^a-z])([kmgt]?b(it)?s?[_ /]*p?(er)?[_ ]*s(ec)?|[kmgt]?i?bps|[kmgt]?bit/s|pps|qps|rps|tps|iops|[kmg]?hz|rates?"
    r"|ratios?|avg|average|mean|median|util[a-z]*|pct|percent[a-z]*|aht|handle|(handle|handling) ?time"
    r"|occ|occupancy|load|asa|availability|adherence|shrinkage|latency|rtt|delay|jitter|ping"
    r"|throughput|bandwidth|speed|cpu|memory|concurrent|simultaneous|erl|erlangs?|dbm?|rssi|rsrp|rsrq|snr|sinr|cqi"
    r"|temperature|tasa|taux|promedio|moyenne|durchschnitt|mittel|auslastung|anteil|porcentaje"
    r"|[a-z]*_?per[_ ]?s(ec(ond)?)?|per[_ ]?min(ute)?)([^a-z]|$)|%|/ ?s(ec(ond)?)?([^a-z]|$)|^service ?level",
    re.IGNORECASE,
)
"""Words of rates, levels and shares, whose mean over time is meant; `handled` calls are counts."""
_PEAK = re.compile(r"(^|[^a-z])(peak|max|maximum|p9[0-9]|busy)([^a-z]|$)", re.IGNORECASE)
_TOTALS = frozenset(("total", "totals", "grand total", "sum", "all", "summe", "gesamt", "suma"))


@dataclass(frozen=True)
class Roles:
    """Columns by what they are for. keys: those that may name a series, the likeliest first."""

    y: Column
    keys: tuple[Column, ...]
    others: tuple[Column, ...]
    """Columns that nothing was made of."""


def is_rate(*names: str | None) -> bool:
    """Whether a unit or a column's name is one of rates, whose mean over time is meant and not their sum."""
    return any(_RATE.search(spaced(name)) or _RATE.search(name) for name in names if name)


def implied_aggregate(column: str, unit: str | None) -> tuple[str, str]:
    """How values add up over time by the column's name and the unit, and why: sum unless these say otherwise."""
    for text in (column, unit or ""):
        if _PEAK.search(spaced(text)):
            return "max", f"{text!r} are peaks"
    for text in (unit or "", column):
        if text and is_rate(text):
            return "mean", f"{text!r} is a rate"
    return "sum", ""


def numbers_of(columns: Sequence[Column], used: Sequence[str]) -> list[Column]:
    """Columns of numbers, beside those that are used otherwise, and raw ones whose readable ones are read."""
    numbers = [column for column in columns if holds_numbers(column)]
    read = {*used, *(column.name for column in numbers)}
    return [column for column in numbers if column.name not in used and readable_twin(column, columns) not in read]


def holds_numbers(column: Column) -> bool:
    """Whether a column holds numbers, or nothing but what stands for unknown."""
    if column.has_numbers:
        return True
    blank = bool(column.texts) and all(map(is_unknown, column.texts))
    return column.is_text and (number_share(column.texts) >= MOSTLY or blank)


def choose_y(columns: Sequence[Column], used: Sequence[str], stated: Stated, notes: Notes) -> Column:
    """The column of the demand: as stated, by its name, or the only one with numbers. Raises FeedQuestionError else."""
    if stated.y_column is not None:
        return next(column for column in columns if column.name == stated.y_column)
    numbers = numbers_of(columns, used)
    for name in DEMAND:
        if found := next((column for column in numbers if is_called(column.name, name)), None):
            if len(numbers) > 1:
                rest = listed([column.name for column in numbers if column is not found])
                notes.add(found.name, "the demand", f"by its name; other numbers are {rest}", "--y-col")
            return found
    likely = [column for column in numbers if not _NO_DEMAND.search(spaced(column.name))] or numbers
    likely = [column for column in likely if not _KEY_NUMBER.search(spaced(column.name))] or likely
    if len(likely) == 1:
        notes.add(likely[0].name, "the demand", "the only column of numbers" if len(numbers) == 1 else "", "--y-col")
        return likely[0]
    names = listed([column.name for column in columns if column.name not in used])
    if not likely:
        raise FeedQuestionError(f"no column is known to be the y: none holds numbers; say --y-col, one of {names}")
    several = listed([column.name for column in likely])
    raise FeedQuestionError(f"several columns hold numbers: {several}; say which is the demand with --y-col")


def key_columns(columns: Sequence[Column], used: Sequence[str]) -> list[Column]:
    """Columns that may name a series: texts, and numbers whose names say so; the usual names first."""
    free = [column for column in columns if column.name not in used and column.filled]
    named = [
        column
        for column in free
        if not holds_numbers(column) or _KEY_NUMBER.search(spaced(column.name)) or is_called(column.name, *KEYS)
    ]
    places = {name: place for place, name in enumerate(KEYS)}

    def place(column: Column) -> int:
        return min((at for name, at in places.items() if is_called(column.name, name)), default=len(places))

    return sorted(named, key=place)


def is_usual_key(column: Column) -> bool:
    """Whether a column is called as keys usually are."""
    return is_called(column.name, *KEYS)


def is_wide(columns: Sequence[Column], used: Sequence[str]) -> bool:
    """Whether each of several number columns is a series of its own: none is called as measures are."""
    numbers = [column for column in numbers_of(columns, used) if column.name.strip().lower() not in _TOTALS]
    return len(numbers) > 1 and not any(
        _MEASURE.search(spaced(column.name)) or is_called(column.name, *DEMAND) or is_rate(column.name)
        for column in numbers
    )


def totals_in(column: Column) -> list[str]:
    """Keys that name a total of the others."""
    return [text for text in column.texts if text.strip().lower() in _TOTALS]
