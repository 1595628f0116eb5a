"""How a text file is laid out: its encoding, the separator, the lines before its header."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from forecasting.jobs.feeds.findings import FeedQuestionError

SEPARATORS = (",", ";", "\t", "|")
HEAD_BYTES = 262_144
_LINES = 400
_CONSISTENT = 0.6
"""Share of lines that must have the usual number of fields."""
_NUMERIC = re.compile(r"[+-]?[\d.,:/\s-]*\d[\d.,:/\s-]*(e[+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """Options of `read_csv`. skip: lines before the header. ragged: some lines have fewer fields than the header."""

    separator: str
    skip: int = 0
    header: bool = True
    encoding: str = "utf-8"
    ragged: bool = False

    def sql(self) -> str:
        """The reader of `$feed`, every column as text: what a later file holds never changes a column's type."""
        mark = "chr(9)" if self.separator == "\t" else f"'{self.separator}'"
        options = [f"delim = {mark}", "quote = '\"'", f"header = {str(self.header).lower()}", "all_varchar = true"]
        if self.skip:
            options.append(f"skip = {self.skip}")
        if self.encoding != "utf-8":
            options.append(f"encoding = '{self.encoding}'")
        if self.ragged:
            options.append("null_padding = true")
        return f"read_csv($feed, {', '.join(options)})"


def find_encoding(head: bytes, *, name: str) -> str:
    """Encoding of a file by its first bytes, of those that DuckDB reads: utf-8, utf-16 or latin-1.

    name: of the file, for messages. Raises FeedQuestionError for another one.
    """
    if head.startswith(codecs.BOM_UTF16_BE):
        raise FeedQuestionError(f"{name}: the file is UTF-16 big endian, which cannot be read; save it as UTF-8")
    if head.startswith(codecs.BOM_UTF16_LE):
        return "utf-16"
    half = len(head) // 2 * 2
    if half and head[1:half:2].count(0) > 0.4 * half / 2:
        return "utf-16"
    if half and head[0:half:2].count(0) > 0.4 * half / 2:
        raise FeedQuestionError(f"{name}: the file is UTF-16 big endian, which cannot be read; save it as UTF-8")
    try:
        # the last letter may be cut in two
        codecs.getincrementaldecoder("utf-8-sig")().decode(head)
        return "utf-8"
    except UnicodeDecodeError:
        pass
    strange = next((byte for byte in head if 0x80 <= byte < 0xA0), None)
    if strange is not None:
        raise FeedQuestionError(
            f"{name}: the file is neither UTF-8, UTF-16 nor Latin-1 (it holds the byte 0x{strange:02x}, perhaps of "
            "Windows-1252); save it as UTF-8"
        )
    return "latin-1"


def decode(head: bytes, encoding: str) -> list[str]:
    """The whole lines of a file's head."""
    names = {"utf-8": "utf-8-sig", "utf-16": "utf-16" if head.startswith(codecs.BOM_UTF16_LE) else "utf-16-le"}
    text = head.decode(names.get(encoding, encoding), errors="ignore")
    lines = text.splitlines()
    return lines[: _LINES + 1][:-1] if len(head) >= HEAD_BYTES and len(lines) > 1 else lines[:_LINES]


def find_dialect(lines: Sequence[str], *, name: str) -> Dialect:
    """Separator and header of a file by its first lines. Raises FeedQuestionError where no separator fits."""
    found = [one for mark in SEPARATORS if (one := _fit(lines, mark)) is not None]
    if not found:
        first = next((line for line in lines if line.strip()), "")
        raise FeedQuestionError(
            f"{name}: no separator of columns was found in {first[:60]!r}; expected comma, semicolon, tab or |, and a "
            "line of column names"
        )
    score, dialect = max(found, key=lambda one: one[0])
    if score[1] < 0:
        raise FeedQuestionError(
            f"{name}: lines have more fields than the header has names (separator {dialect.separator!r}); where it is "
            "the decimal mark too, export with another separator"
        )
    return dialect


Score = tuple[int, int, float, int]


def _fit(lines: Sequence[str], mark: str) -> tuple[Score, Dialect] | None:
    """How well a separator fits, and the dialect that it makes; None where it separates nothing."""
    rows = [next(csv.reader([line], delimiter=mark), []) for line in lines]
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    widths = Counter(len(row) for row in filled)
    if not widths:
        return None
    width = max(widths, key=lambda size: (widths[size], size))
    share = widths[width] / len(filled)
    if width < 2 or share < _CONSISTENT:
        return None
    start = next(place for place, row in enumerate(rows) if len(row) == width and any(row))
    header = _is_header(rows[start])
    before = [row for row in filled if rows.index(row) < start]
    # a header that is narrower than its rows: the separator is in the values too
    short = not header and bool(before) and 1 < len(before[-1]) < width and _is_header(before[-1])
    ragged = any(len(row) < width for row in rows[start:] if any(row))
    dialect = Dialect(mark, skip=start, header=header, ragged=ragged)
    return (int(header), -1 if short else 0, round(share, 2), width), dialect


def _is_header(cells: Sequence[str]) -> bool:
    """Whether a line names columns: most of its cells are words. Headings of a wide sheet may be times or numbers."""
    first = cells[0].strip()
    if _NUMERIC.fullmatch(first):
        return False
    named = [cell.strip() for cell in cells if cell.strip()]
    return bool(named) and len(set(named)) == len(named) and not _is_row(named)


def _is_row(cells: Sequence[str]) -> bool:
    """Whether a line holds values: a time or a plain number in it that is no heading of many in a row."""
    numbers = [cell for cell in cells if _NUMERIC.fullmatch(cell)]
    return bool(numbers) and len(numbers) < max(3, len(cells) - 2)
