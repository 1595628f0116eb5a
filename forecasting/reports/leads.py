"""The answer of a section in one sentence, from the rows that its blocks show."""

from collections.abc import Callable, Sequence

import pandas as pd

from forecasting.reports.blocks import PageBlock
from forecasting.reports.formats import Kind, is_missing, write

_MOST = 4
"""Sentences of a section."""


def lead(section: str, blocks: Sequence[PageBlock]) -> str:
    """A sentence for each stream that has something to say; empty where none has."""
    say = _SAYS.get(section)
    # what came says something of a stream of which no two forecasts of a day can be compared
    compared = {stream for kind, _, stream in (block.key.partition("-") for block in blocks) if kind == "changes"}
    blocks = [block for block in blocks if block.key not in {f"surprises-{stream}" for stream in compared}]
    found = [] if say is None else [say(block) for block in blocks]
    return " ".join([sentence for sentence in found if sentence][:_MOST])


def _coming(block: PageBlock) -> str:
    kind, _, stream = block.key.partition("-")
    if kind == "coverage":
        short = block.answer.rows[block.answer.rows["spare"] < 0]
        hours = short["short_hours"].sum()
        return f"{stream}: {write(hours, Kind.HOURS)} person-hours without people." if len(short) else ""
    if kind != "series":
        return ""
    rows = block.answer.rows
    days = rows.groupby("day", sort=True)
    parts = []
    for day, own in days:
        change = _against(own)
        parts.append(f"{write(day, Kind.DAY)} {change}" if change else "")
    parts = [part for part in parts if part]
    return f"{stream}: {', '.join(parts)} against a week before." if parts else ""


def _against(rows: pd.DataFrame) -> str:
    known = rows.dropna(subset=["last_week"])
    before = known["last_week"].sum()
    return write(known["forecast"].sum() / before - 1, Kind.PERCENT_CHANGE) if before > 0 else ""


def _weeks(block: PageBlock) -> str:
    kind, _, stream = block.key.partition("-")
    rows = block.answer.rows
    if kind != "pools":
        return ""
    days = rows.groupby("day")["median"].sum()
    return (
        f"{stream}: {write(rows['agent_hours'].sum(), Kind.COUNT)} agent-hours on {len(days)} days; the busiest is "
        f"{write(days.idxmax(), Kind.DAY)} with {write(days.max(), Kind.COUNT)} calls."
    )


def _changes(block: PageBlock) -> str:
    kind, _, stream = block.key.partition("-")
    if kind == "surprises":
        return _surprise(stream, block)
    if kind != "changes":
        return ""
    first = block.answer.rows.iloc[0]
    share = "" if is_missing(first["change_share"]) else f" ({write(first['change_share'], Kind.PERCENT_CHANGE)})"
    return (
        f"{stream}: most on {write(first['day'], Kind.DAY)} at {first['series']}, "
        f"{write(first['change'], Kind.WHOLE_CHANGE)}{share}."
    )


def _surprise(stream: str, block: PageBlock) -> str:
    first = block.answer.rows.iloc[0]
    share = (
        "" if is_missing(first["difference_share"]) else f" ({write(first['difference_share'], Kind.PERCENT_CHANGE)})"
    )
    size = write(abs(first["difference"]), Kind.NUMBER)
    return (
        f"{stream}: {size} {'more' if first['difference'] > 0 else 'less'} than expected at {first['series']}{share}."
    )


def _accuracy(block: PageBlock) -> str:
    kind, _, stream = block.key.partition("-")
    if kind != "errors":
        return ""
    overall = block.answer.rows.iloc[0]
    floor = overall["noise_floor"]
    noise = "" if is_missing(floor) else f", of which {write(floor, Kind.SHARE)} is noise that stays"
    return f"{stream}: {write(overall['error'], Kind.SHARE)} error{noise}."


def _capacity(block: PageBlock) -> str:
    kind, _, stream = block.key.partition("-")
    if kind != "budget":
        return ""
    rows = block.answer.rows
    due = int(rows["due"].sum())
    first = rows.iloc[0]
    cost = "" if is_missing(first["cost"]) else f", {write(first['cost'], Kind.COUNT)} in {first['quarter']}"
    return f"{stream}: {due} of {int(rows['links'].sum()):,} links are to be ordered now{cost}."


_SAYS: dict[str, Callable[[PageBlock], str]] = {
    "coming": _coming,
    "weeks": _weeks,
    "changes": _changes,
    "accuracy": _accuracy,
    "capacity": _capacity,
}
