"""Lines from everywhere in large text files, without a reading of all of them."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from forecasting.errors import FeedError
from forecasting.jobs.feeds.rows.asking import ask
from forecasting.jobs.feeds.rows.sources import Source
from forecasting.store.lake.lake import Lake

_PIECES = 48
_PIECE_BYTES = 64_000
"""As many lines follow each other, so that steps from row to row show, and rows of one time stand together."""


def can_spread(source: Source) -> bool:
    """Whether lines may be taken from the midst of a source: of unpacked text files on this machine."""
    plain = all(path.suffix.lower() not in (".gz", ".zst") for path in source.paths)
    return bool(source.paths) and source.dialect is not None and source.dialect.encoding != "utf-16" and plain


def take_spread(lake: Lake, source: Source) -> bool:
    """Keep lines from all parts of the files as the table `sampled`; whether they could be read apart from the others.

    A line may be none where a text in quotes holds line ends.
    """
    with TemporaryDirectory(prefix="forecasting-") as folder:
        path = Path(folder) / "lines.csv"
        path.write_bytes(_spread(source))
        try:
            ask(
                lake, "templates/feed_sample.sql", source, values={"most": 10**9, "feed": str(path)},
                parts={"table": "sampled", "kept": "true"},
            )  # fmt: skip
        except FeedError:
            return False
    return True


def _spread(source: Source) -> bytes:
    """The head of the first file, then pieces of all, or of as many as there are pieces; the last lines among them."""
    assert source.dialect is not None
    heads = source.dialect.skip + source.dialect.header
    every = -(-len(source.paths) // _PIECES)
    paths = source.paths[::-1][::every][::-1]
    sizes = [path.stat().st_size for path in paths]
    total = max(sum(sizes), 1)
    with source.paths[0].open("rb") as file:
        pieces = [_lines(file, heads)]
    for path, size in zip(paths, sizes, strict=True):
        with path.open("rb") as file:
            begin = len(_lines(file, heads))
            pieces += _pieces(file, begin, size, max(round(_PIECES * size / total), 1))
    return b"".join(pieces)


def _lines(file: BinaryIO, count: int) -> bytes:
    return b"".join(file.readline() for _ in range(count))


def _pieces(file: BinaryIO, begin: int, size: int, most: int) -> Iterator[bytes]:
    """Whole lines from that many places of a file, which never overlap."""
    span = max(size - begin - _PIECE_BYTES, 0)
    count = min(most, span // _PIECE_BYTES + 1)
    for offset in [begin + span * number // (count - 1) for number in range(count)] if count > 1 else [begin + span]:
        file.seek(offset)
        piece = file.read(_PIECE_BYTES)
        first = 0 if offset == begin else piece.find(b"\n") + 1
        last = len(piece) if offset + len(piece) >= size else piece.rfind(b"\n") + 1
        lines = piece[first:last]
        yield lines if lines.endswith(b"\n") or not lines else lines + b"\n"
