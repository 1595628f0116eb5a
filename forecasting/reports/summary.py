"""The head of a page: its numbers in large type, and its state in one sentence."""

from collections.abc import Iterable, Sequence

import pandas as pd

from forecasting.reports.blocks import PageBlock, PageSection, Tile
from forecasting.reports.formats import Kind, is_missing, write


def lead_of(sections: Sequence[PageSection]) -> tuple[str, int]:
    """The state in one sentence, and how many things a person has to do."""
    by_key = {section.key: section for section in sections}
    if "needs" not in by_key:
        return by_key["trust"].lead, 0
    return f"{by_key['trust'].lead} {by_key['needs'].lead}", int(_rows(by_key["needs"].blocks[0])["in_all"].iloc[0])


def tiles_of(sections: Sequence[PageSection]) -> list[Tile]:
    """At most six numbers, each of a block of the page."""
    blocks = {block.key: block for section in sections for block in section.blocks}
    tiles = [
        *(_trust(block) for block in _of(blocks, "trust-")),
        *(_pools(block) for block in _of(blocks, "pools-")),
        *(_short(block) for block in _of(blocks, "short-")),
        *(_links(block) for block in _of(blocks, "budget-")),
        *(_error(block) for block in _of(blocks, "errors-") if len(block.answer.rows)),
    ]
    return tiles[:6]


def _trust(block: PageBlock) -> Tile:
    rows = _rows(block)
    complete = int((rows["status"] == "complete").sum())
    return Tile(
        f"{complete} of {len(rows)}",
        "streams complete",
        f"{int(rows['rejected'].fillna(0).sum()):,} rows rejected in the last pull",
        block.key,
        bad=complete < len(rows),
    )


def _pools(block: PageBlock) -> Tile:
    rows = _rows(block)
    first = rows[rows["day"] == rows["day"].min()]
    return Tile(
        write(first["agent_hours"].sum(), Kind.COUNT),
        f"agent-hours on {write(rows['day'].min(), Kind.DAY)}",
        f"{write(first['median'].sum(), Kind.COUNT)} calls; {_stream(block)}",
        block.key,
    )


def _short(block: PageBlock) -> Tile:
    rows = _rows(block)
    return Tile(
        write(rows["short_hours"].sum(), Kind.HOURS),
        "person-hours without people",
        f"on {rows['day'].nunique()} days of {rows['pool'].nunique()} pools",
        block.key,
        bad=True,
    )


def _links(block: PageBlock) -> Tile:
    rows = _rows(block)
    due = int(rows["due"].sum())
    return Tile(
        write(due, Kind.COUNT),
        f"{'link' if due == 1 else 'links'} to order now",
        f"of {int(rows['links'].sum()):,} on the watch list",
        block.key,
        bad=due > 0,
    )


def _error(block: PageBlock) -> Tile:
    rows = _rows(block)
    overall = rows[rows["series"] == "*"] if (rows["series"] == "*").any() else rows.head(1)
    floor = overall["noise_floor"].iloc[0]
    naive = overall["naive_error"].iloc[0]
    beside = (
        f"{write(floor, Kind.SHARE)} is noise that stays"
        if not is_missing(floor)
        else f"{write(naive, Kind.SHARE)} by repeating the last week"
        if not is_missing(naive)
        else "no comparison yet"
    )
    return Tile(write(overall["error"].iloc[0], Kind.SHARE), f"error of {_stream(block)}", beside, block.key)


def _of(blocks: dict[str, PageBlock], prefix: str) -> Iterable[PageBlock]:
    return (block for key, block in blocks.items() if key.startswith(prefix))


def _stream(block: PageBlock) -> str:
    return block.key.partition("-")[2]


def _rows(block: PageBlock) -> pd.DataFrame:
    return block.answer.rows
