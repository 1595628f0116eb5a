"""Columns of a feed as they stand, and names and texts as SQL."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column of a feed, by a sample of its texts.

    type: DuckDB's, of the column as it is read. cells: that of a spreadsheet's cells, which are read as text too.
    """

    name: str
    type: str
    texts: Mapping[str, int]
    """Distinct texts and how many rows of the sample have each; not all of them where there are many."""
    rows: int
    filled: int
    distinct: int
    cells: str = ""

    @property
    def is_text(self) -> bool:
        """Whether it is read as text, so that a number or a time in it has a format to be found."""
        return self.type == "VARCHAR"

    @property
    def has_digits(self) -> bool:
        """Whether its values are numbers, by its type or as texts, of which nothing says that they are times."""
        return self.has_numbers or (self.is_text and self.cells not in ("TIMESTAMP", "DATE", "TIME"))

    @property
    def has_numbers(self) -> bool:
        """Whether its type is one of numbers."""
        return any(kind in self.type for kind in ("INT", "DOUBLE", "FLOAT", "DECIMAL"))


SPACES = "".join(map(chr, (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)))
"""Spaces of Unicode beside the plain one, which exports put into times and numbers."""
_RAW = re.compile(r"[\W_]*raw\W*$", re.IGNORECASE)
_SEAMS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_")


def spaced(name: str) -> str:
    """A column's name as words: `StartInterval` and `start_interval` are two."""
    return _SEAMS.sub(" ", name)


def is_called(name: str, *known: str) -> bool:
    """Whether a column has one of some names, written in small letters with `_` between words."""
    return any(re.sub(r"[^a-z0-9]+", "_", one.strip().lower()).strip("_") in known for one in (name, spaced(name)))


def readable_twin(column: Column, columns: Sequence[Column]) -> str:
    """The readable column that a raw one goes with, as `Date Time(RAW)` with `Date Time`; empty where there is none."""
    plain = _RAW.sub("", column.name)
    return plain if plain != column.name and any(other.name == plain for other in columns) else ""


def quote(name: str) -> str:
    """A column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def listed(names: list[str] | tuple[str, ...], most: int = 8) -> str:
    """Names for a message, the first of many."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
