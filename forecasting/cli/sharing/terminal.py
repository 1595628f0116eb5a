"""Tables on a terminal: numbers in full, times without noise, columns in as many blocks as the width asks for."""

import math
from collections.abc import Sequence
from typing import Any

_WIDEST = 40
"""Characters of a column; longer texts are wrapped."""
_BLOCKS = "▁▂▃▄▅▆▇█"
_GAP = 2
"""Characters between two columns."""
_DIGITS = 4
"""Significant digits of a number that is no whole one."""
_GROUPED_FROM = 10_000
"""Whole numbers from here on have separators; smaller ones may be years."""


def cell_text(value: Any) -> str:
    """A value as a person reads it: 12,000 and not 1.2e+04; empty where it is missing."""
    text = str(value)
    if text in ("None", "nan", "NaT", "<NA>"):
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _short_time(text) if hasattr(value, "tzinfo") else text
    if isinstance(value, float) and not value.is_integer():
        return _decimal(value)
    whole = int(value) if math.isfinite(value) else value
    return f"{whole:,}" if abs(whole) >= _GROUPED_FROM else f"{whole}"


def column_blocks(heads: Sequence[str], rows: Sequence[Sequence[str]], *, width: int) -> list[list[int]]:
    """Columns of each block such that it fits the width, by their numbers; every block begins with the first column.

    A block has one column beside the first at least, however wide.
    """
    widths = [
        min(max([len(head), *(len(row[place]) for row in rows)]), max(_WIDEST, len(head)))
        for place, head in enumerate(heads)
    ]
    blocks: list[list[int]] = []
    left = 0
    for place in range(1, len(heads)):
        needed = widths[place] + _GAP
        if not blocks or needed > left:
            blocks.append([0])
            left = width - widths[0] - _GAP
        blocks[-1].append(place)
        left -= needed
    return blocks or [list(range(len(heads)))]


def sparkline(values: Sequence[float | None], *, most: float | None = None) -> str:
    """Values as block characters from zero up, a space where one is missing.

    most: value of a full block, the largest of them unless given.
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    top = max([*known, 0.0]) if most is None else most
    return "".join(
        " " if value is None or not math.isfinite(value) else _BLOCKS[_eighth(value / top if top > 0 else 0.0)]
        for value in values
    )


def _eighth(share: float) -> int:
    return min(max(round(share * (len(_BLOCKS) - 1)), 0), len(_BLOCKS) - 1)


def _decimal(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    size = abs(value)
    if size < 1e-4:
        return f"{value:.{_DIGITS}g}"
    decimals = max(_DIGITS - 1 - math.floor(math.log10(size)), 0)
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _short_time(text: str) -> str:
    """A time stamp without seconds that are zero, and Z for UTC."""
    zone = "Z" if text.endswith("+00:00") else ""
    return f"{text.removesuffix('+00:00').removesuffix(':00')}{zone}" if ":" in text else text
