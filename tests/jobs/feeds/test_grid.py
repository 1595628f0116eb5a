"""Hundreds of generated exports: each is read right, or refused with a line that names the cause, none wrong."""

from collections import Counter
from datetime import UTC, datetime

import pytest
import typer

from forecasting.errors import ForecastingError
from forecasting.jobs.feeds.extracts import extract_text
from forecasting.jobs.feeds.findings import Notes, Stated
from forecasting.jobs.feeds.proposals import examine, propose
from forecasting.jobs.feeds.rows.sources import file_source
from tests.jobs.feeds.exports import ZONE, exports

COUNT = 240
TRIED = 12
"""Of every so many exports one is also tried by the steps of an ingest, which take most of the time."""
SPAN = {"since": datetime(2000, 1, 1, tzinfo=UTC), "until": datetime(2100, 1, 1, tzinfo=UTC)}


def read(lake, path, *, tried):
    """The meaning of a feed as the extract gives it, its rows, and the interval found."""
    notes = Notes()
    source = file_source(lake, str(path), notes)
    given = (lake, source, Stated("mine", ZONE), notes)
    if tried:
        proposal = propose(*given, horizon="7d", feed=str(path))
        extract, stream, rejected = proposal.extract, proposal.stream, proposal.rejected
    else:
        examined = examine(*given, horizon="7d", feed=str(path))
        extract, stream, rejected = extract_text(lake, examined.found), examined.stream, {}
    assert not rejected
    meaning = {}
    rows = lake.connection.execute(extract, {"feed": str(path), **SPAN}).fetchall()
    for series, ts, y in rows:
        instant = ts.replace(tzinfo=stream.zone).astimezone(UTC) if ts.tzinfo is None else ts.astimezone(UTC)
        meaning["" if series == "mine" else series, instant] = None if y is None else float(y)
    return meaning, len(rows), stream.interval


def outcome(lake, export, folder, *, tried=False):
    """Whether an export is read right, refused or read wrong, and what is said of it."""
    path, meant = export.write(folder)
    try:
        found, rows, interval = read(lake, path, tried=tried)
    except ForecastingError as error:
        return "refused", str(error)
    finally:
        path.unlink()
    if found == meant and rows == len(meant) and interval == export.step:
        return "right", ""
    return "wrong", f"{list(found.items())[:2]} for {list(meant.items())[:2]}"


@pytest.mark.slow
def test_every_export_is_read_right_or_refused_with_its_cause(lake, tmp_path, capsys):
    results = [
        (export, *outcome(lake, export, tmp_path, tried=export.number % TRIED == 0))
        for export in exports(COUNT, seed=1)
    ]
    tally = Counter(kind for _, kind, _ in results)
    with capsys.disabled():
        typer.echo(f"\n{COUNT} generated exports: {', '.join(f'{count} {kind}' for kind, count in tally.items())}")
    wrong = [f"{export}: {message}" for export, kind, message in results if kind == "wrong"]
    assert not wrong, "\n".join(wrong)
    refused = [message for _, kind, message in results if kind == "refused"]
    # what is left open is asked, with the option that answers; a file of one row may have any separator
    assert all("say --" in message or "no separator" in message for message in refused), refused
    assert tally["right"] >= 0.8 * COUNT
