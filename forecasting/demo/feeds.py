"""Raw feeds with known truth, written as an operator's systems would: Parquet files under day=YYYY-MM-DD.

Everything follows from the seed. Faulty rows stand behind the sound ones of their file, so that the truth stays known.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from forecasting.demo import calls, counters, faults
from forecasting.demo.occasions import ZONE, occasions_frame
from forecasting.demo.truth import CallTruth, InjectedFault, Ledger, LinkTruth

CALLS_START = date(2025, 10, 1)
LINKS_START = date(2025, 12, 31)
LINKS_A_FILE = 256
FIRST_LATE_CALL_ID = 10**12
DAY = np.timedelta64(1, "D")

LABEL = pa.dictionary(pa.int32(), pa.string())
STAMP = pa.timestamp("us", tz="UTC")
CALL_SCHEMA = pa.schema(
    {
        "call_id": pa.int64(),
        **dict.fromkeys(("queue_id", "region", "queue", "skill"), LABEL),
        "arrived_at": pa.string(),
        "handle_seconds": pa.float32(),
        "outcome": LABEL,
    }
)
LINK_SCHEMA = pa.schema(
    {
        **dict.fromkeys(("link_id", "region", "site"), LABEL),
        "capacity_mbps": pa.int32(),
        "counter_bits": pa.int8(),
        "polled_at": STAMP,
        "counting_since": STAMP,
        "octets": pa.uint64(),
    }
)


@dataclass
class _Writer:
    """Writes the files of one feed and keeps the account of its rows."""

    folder: Path
    schema: pa.Schema
    raw: int = 0
    faults: list[InjectedFault] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)

    def write(self, file: str, sound: pd.DataFrame, *, bad: pd.DataFrame | None = None) -> None:
        table = pa.Table.from_pandas(sound, schema=self.schema, preserve_index=False)
        if bad is not None:
            self.faults += faults.locate(bad, file=file, after=len(sound))
            self.dropped.update(faults.dropped(bad))
            extra = pa.Table.from_pandas(bad.drop(columns="reason"), schema=self.schema, preserve_index=False)
            table = pa.concat_tables([table, extra])
        self.raw += len(table)
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        plain = [name for name in ("call_id", "polled_at", "octets") if name in self.schema.names]
        pq.write_table(
            table,
            path,
            compression="zstd",
            use_dictionary=[name for name in self.schema.names if name not in plain],
            column_encoding=dict.fromkeys(plain, "DELTA_BINARY_PACKED"),
        )

    def ledger(self) -> Ledger:
        return Ledger(self.raw, tuple(self.faults), dict(self.dropped))


def write_call_feed(
    folder: Path, *, seed: int, n_queues: int = 20, days: int = 180, start: date = CALLS_START, with_faults: bool = True
) -> CallTruth:
    """Write call-detail events of `days` local days, one file a day, rows in order of arrival, stamps local."""
    rng = np.random.default_rng(seed)
    queues = calls.make_queues(n_queues, rng=rng)
    utc, local = calls.local_grid(start.isoformat(), days=days)
    expected = calls.expected_calls(queues, local=local)
    counts = calls.draw_counts(expected, queues=queues, local=local, rng=rng)
    handle = calls.expected_handle(queues, local=local)

    writer, next_id, day_of = _Writer(folder, CALL_SCHEMA), 1, local.astype("M8[D]")
    for number, day in enumerate(np.unique(day_of)):
        of_day = np.flatnonzero(day_of == day)
        when = {"utc": utc[of_day], "local": local[of_day]}
        sound = calls.draw_calls(queues, counts=counts[:, of_day], handle=handle[:, of_day], **when, rng=rng)
        sound.insert(0, "call_id", next_id + np.arange(len(sound)))
        next_id += len(sound)
        bad = (
            _call_faults(sound, day=day, number=number, first_id=next_id, leaps=len(of_day) < 48)
            if with_faults
            else None
        )
        next_id += 0 if bad is None else len(bad)
        writer.write(f"day={day}/calls.parquet", sound, bad=bad)
    return CallTruth(queues[["series_id", "region", "queue", "skill"]], utc, expected, counts, handle, writer.ledger())


def write_late_calls(folder: Path, truth: CallTruth, *, seed: int, day: date, count: int = 40) -> CallTruth:
    """A second delivery: on `day` arrive `count` calls of the two days before it. Returns the truth with them."""
    rng = np.random.default_rng(seed)
    local = pd.DatetimeIndex(truth.ts, tz="UTC").tz_convert(ZONE).tz_localize(None).to_numpy("M8[us]")
    before = (local >= np.datetime64(day) - 2 * DAY) & (local < np.datetime64(day))
    daytime = local.astype("M8[h]").astype(np.int64) % 24 >= 9
    row, column = np.nonzero((truth.counts > 0) & (before & daytime))
    late = np.zeros_like(truth.counts)
    picked = rng.choice(len(row), count, replace=False)
    late[row[picked], column[picked]] = 1
    sound = calls.draw_calls(truth.series, counts=late, handle=truth.handle, utc=truth.ts, local=local, rng=rng)
    sound.insert(0, "call_id", FIRST_LATE_CALL_ID + np.arange(len(sound)))
    _Writer(folder, CALL_SCHEMA).write(f"day={day}/calls-late.parquet", sound)
    ledger = replace(truth.ledger, raw=truth.ledger.raw + len(sound))
    return replace(truth, counts=truth.counts + late, ledger=ledger)


def write_link_feed(
    folder: Path, *, seed: int, n_links: int = 200, days: int = 180, start: date = LINKS_START, with_faults: bool = True
) -> LinkTruth:
    """Write five-minute counter polls of `days` UTC days, one file a day and 256 links, which bounds the memory."""
    rng = np.random.default_rng(seed)
    links = counters.make_links(n_links, days=days, rng=rng)
    first = np.datetime64(start, "D")
    level = counters.traffic_level(links, start=first, days=days)
    mbps, whole = np.empty(level.shape), np.empty(level.shape, dtype=bool)
    writer = _Writer(folder, LINK_SCHEMA)
    for block in range(0, n_links, LINKS_A_FILE):
        rows = slice(block, block + LINKS_A_FILE)
        polls = counters.poll_counters(links[rows], level=level[rows], start=first, rng=rng)
        mbps[rows], whole[rows] = counters.hourly_mbps(polls)
        for number in range(days):
            day = first + number * DAY
            sound = counters.polls_frame(links[rows], polls=polls, day=number)
            if sound.empty:
                continue
            faulty = with_faults and block == 0 and faults.is_faulty_day(number)
            bad = faults.link_faults(sound, day=day) if faulty else None
            writer.write(f"day={day}/links-{block // LINKS_A_FILE:04d}.parquet", sound, bad=bad)
    hours = first.astype("M8[us]") + np.arange(level.shape[1]) * np.timedelta64(1, "h")
    series = links[["series_id", "region", "site", "capacity_mbps", "counter_bits"]]
    passed = counters.run_out_days(links, days=days)
    runs_out = {
        name: None if day < 0 else start + timedelta(days=int(day))
        for name, day in zip(links["series_id"], passed, strict=True)
    }
    return LinkTruth(series, hours, level, mbps, whole, runs_out, writer.ledger())


def write_events_feed(path: Path) -> pd.DataFrame:
    """Write the events that shape the generated feeds as CSV, and return them."""
    events = occasions_frame()
    path.parent.mkdir(parents=True, exist_ok=True)
    events.to_csv(path, index=False)
    return events


def _call_faults(
    sound: pd.DataFrame, *, day: np.datetime64, number: int, first_id: int, leaps: bool
) -> pd.DataFrame | None:
    """Faulty calls of a day: all kinds every fifth day, nonexistent times on the day on which the clock leaps."""
    parts = []
    if faults.is_faulty_day(number):
        parts.append(faults.call_faults(sound, day=day, first_id=first_id))
    if leaps:
        parts.append(faults.nonexistent_calls(sound, day=day, first_id=first_id + sum(map(len, parts))))
    return pd.concat(parts, ignore_index=True) if parts else None
