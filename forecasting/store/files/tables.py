"""Tables that people keep as CSV: rows as text, however the program that saved them separates its columns."""

import csv
from collections.abc import Collection
from pathlib import Path

from forecasting.errors import FeedError
from forecasting.store.texts import read_text

_SEPARATORS = ",;\t|"
MOST_BYTES = 200_000_000
"""A year of quarter hours of a hundred agent groups; a larger file is something else."""
BESIDE = "more"
"""Column of what a row has beyond the header."""


def read_table(path: Path, *, required: Collection[str], renamed: dict[str, str] | None = None) -> list[dict[str, str]]:
    """Rows of a CSV with a header, by column; cells without blanks at their ends, '' where a row is too short.

    Cells beyond the header are in the column `BESIDE`. renamed: other names of columns. Raises FeedError where the file
    cannot be read, or its header lacks a column.
    """
    if path.suffix.lower() != ".csv":
        raise FeedError(f"{path}: expected a .csv file")
    text = read_text(path, FeedError, most_bytes=MOST_BYTES)
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        raise FeedError(f"{path}: the file is empty; expected a header with {', '.join(required)}")
    separator = max(_SEPARATORS, key=lines[0].count)
    names = [name.strip() for name in next(csv.reader([lines[0]], delimiter=separator))]
    names = [(renamed or {}).get(name.lower(), name) for name in names]
    names = [name.lower() if name.lower() in required else name for name in names]
    if lacking := [name for name in required if name not in names]:
        raise FeedError(
            f"{path}: column {lacking[0]} is missing; expected {', '.join(required)}, found {some_of(names)}"
        )
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise FeedError(f"{path}: column {twice} is there {names.count(twice)} times; name each once")
    rows = []
    try:
        for cells in csv.reader(text.split("\n"), delimiter=separator, strict=True):
            if not any(cell.strip() for cell in cells):
                continue
            row = {name: cell.strip() for name, cell in zip(names, [*cells, *[""] * len(names)], strict=False)}
            if len(cells) > len(names):
                row[BESIDE] = separator.join(cells[len(names) :])
            rows.append(row)
    except csv.Error as error:
        raise FeedError(f"{path}: cannot be read after row {len(rows)}: {error}; nothing was taken") from error
    return rows[1:]


def some_of(names: list[str]) -> str:
    """What a header says, for an error."""
    return ", ".join(repr(name) for name in names[:12])
