"""Answers as files for other programs: Parquet, CSV or XLSX, written a batch of rows at a time."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from forecasting.errors import QueryError
from forecasting.store.files.exports import write_with
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.sql import first_line
from forecasting.store.lake.tables import PUBLISHED
from forecasting.store.queries.answer import as_texts, without_end
from forecasting.store.queries.deadline import time_limit
from forecasting.store.queries.reads import Reads, check_harmless, macros_of_lake, read_query
from forecasting.terms import format_duration

_WHERE = "export"
_BATCH = 100_000
"""Rows in memory at a time."""
_SHEET_ROWS = 1_048_576
"""Rows of an Excel sheet, its head included."""


class FileFormat(StrEnum):
    """How rows are written."""

    PARQUET = "parquet"
    CSV = "csv"
    XLSX = "xlsx"


def export_query(
    lake: Lake, query: str, path: Path, *, form: FileFormat, limit: timedelta, published_only: bool = True
) -> int:
    """Write the rows of one SELECT, asked of a lake from `open_lake_to_query`, and return their number.

    The file appears as a whole or not at all. Parquet keeps all types; in CSV and XLSX nested values are JSON texts,
    and instants are UTC, in XLSX without an offset, which it does not know. Raises QueryError where the query is wrong,
    reads rows that were not published, takes longer than `limit` or does not fit into a sheet, LakeError where the
    file cannot be written.
    """
    connection = lake.connection
    written = 0
    try:
        with time_limit(connection, limit):
            reads = read_query(connection, query, where=_WHERE)
            check_harmless(reads, where=_WHERE, own=macros_of_lake(connection, reads))
            if published_only:
                _check_published(reads)
            rows = connection.sql(without_end(query))
            if form is not FileFormat.PARQUET:
                rows = as_texts(rows)
            reader = rows.to_arrow_reader(_BATCH)

            def write(scratch: Path) -> None:
                nonlocal written
                with _WRITERS[form](scratch, reader.schema) as put:
                    for batch in reader:
                        written += batch.num_rows
                        put(batch)

            write_with(path, write)
    except TimeoutError as error:
        raise QueryError(
            f"export: stopped after {format_duration(limit)}; ask for fewer rows, or allow more with --timeout"
        ) from error
    except duckdb.Error as error:
        raise QueryError(f"export: {first_line(error)}; see `select * from analyst.dictionary`") from error
    return written


def _check_published(reads: Reads) -> None:
    """Raise QueryError where a query names a table that holds rows of runs which were not published."""
    for parts in reads.tables:
        name = ".".join(part.lower() for part in parts[-2:])
        if name in PUBLISHED:
            raise QueryError(
                f"export: {name} also holds rows of runs that were never published; expected a view or macro of schema "
                "analyst, which shows the published ones; see `select * from analyst.dictionary`"
            )


Put = Callable[[pa.RecordBatch], None]


@contextmanager
def _parquet(path: Path, schema: pa.Schema) -> Iterator[Put]:
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        yield writer.write_batch


@contextmanager
def _csv(path: Path, schema: pa.Schema) -> Iterator[Put]:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(schema.names)

        def put(batch: pa.RecordBatch) -> None:
            columns = [column.to_pylist() for column in batch.columns]
            writer.writerows([_plain(value) for value in row] for row in zip(*columns, strict=True))

        yield put


@contextmanager
def _xlsx(path: Path, schema: pa.Schema) -> Iterator[Put]:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet("rows")
        head = book.add_format({"bold": True, "bottom": 1})
        instant, day = (book.add_format({"num_format": text}) for text in ("yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd"))
        for place, name in enumerate(schema.names):
            sheet.write_string(0, place, name, head)
            kind = schema.field(place).type
            sheet.set_column(place, place, 20 if pa.types.is_temporal(kind) else max(len(name) + 2, 12))
        sheet.freeze_panes(1, 0)
        number = 0

        def put(batch: pa.RecordBatch) -> None:
            nonlocal number
            if number + batch.num_rows >= _SHEET_ROWS:
                raise QueryError(
                    f"export: a sheet holds {_SHEET_ROWS - 1:,} rows and the answer has more; ask for fewer, or use "
                    "--format parquet or csv"
                )
            columns = [column.to_pylist() for column in batch.columns]
            for row in zip(*columns, strict=True):
                number += 1
                for place, value in enumerate(row):
                    _write_cell(sheet, number, place, value, instant=instant, day=day)

        yield put


def _write_cell(sheet: Any, row: int, place: int, value: Any, *, instant: Any, day: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, int | float):
        # Excel knows neither NaN nor infinities
        if value == value and abs(value) != float("inf"):
            sheet.write_number(row, place, value)
    elif hasattr(value, "hour"):
        sheet.write_datetime(row, place, value.replace(tzinfo=None, microsecond=0), instant)
    elif hasattr(value, "year"):
        sheet.write_datetime(row, place, value, day)
    else:
        sheet.write_string(row, place, str(value)[:32_000])


def _plain(value: Any) -> Any:
    return value.isoformat(sep=" ") if hasattr(value, "hour") else value


_WRITERS = {FileFormat.PARQUET: _parquet, FileFormat.CSV: _csv, FileFormat.XLSX: _xlsx}
