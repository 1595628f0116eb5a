"""The tally of faults: what a reader saw meanwhile, and what is lost, twice or otherwise afterwards."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb
import pandas as pd

from forecasting.errors import LakeBusyError, SettingsError
from forecasting.jobs.upkeep import doctor
from forecasting.settings import Settings
from forecasting.store.lake.faults import LakeFault, fault_of
from forecasting.store.lake.open import open_lake_to_read

SEEN = """
select stream, origin, count(*) as n, count(distinct run_id) as runs, count(distinct (series_id, ts)) as keys
from analyst.forecast_latest
group by stream, origin
"""


@dataclass
class Tally:
    """What was done, and what came of it."""

    kind: str
    injected: int = 0
    again: Counter[str] = field(default_factory=Counter)
    """Tasks that were tried again, by how the try before ended."""
    nights: int = 0
    reads: int = 0
    found: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Rows that are lost, twice or otherwise, by table."""
    half: list[str] = field(default_factory=list)
    """Halves of a night that a reader saw."""
    errors: list[str] = field(default_factory=list)
    """What ended otherwise than by being killed, or with a lake that was busy."""

    def row(self) -> dict[str, object]:
        """A line of the table."""
        counts = {str(name): int(count) for name, count in self.found.sum().items()}
        retried = self.again.total()
        named = {"kind": self.kind, "injected": self.injected, "retried": retried, "nights": self.nights}
        return named | {"reads": self.reads} | counts | {"half": len(self.half), "errors": len(self.errors)}

    def faults(self) -> list[str]:
        """What must not be."""
        counts = self.found.reset_index().melt("table", var_name="what", value_name="rows").query("rows > 0")
        rows = [f"{self.kind}: {one.rows} rows of {one.table} {one.what}" for one in counts.itertuples()]
        return rows + self.half + self.errors


def check_lake(settings: Settings, tally: Tally) -> None:
    """What `doctor` finds wrong."""
    tally.errors += [one.message for one in doctor.run(settings, everything=True) if one.verdict == "error"]


@contextmanager
def polling(settings: Settings, tally: Tally, *, whole: Mapping[str, int]) -> Iterator[None]:
    """A reader that looks all the while. whole: rows of a night of each stream."""
    stop = threading.Event()
    reader = threading.Thread(target=_poll, args=(settings, tally, whole, stop), daemon=True)
    reader.start()
    try:
        yield
    finally:
        stop.set()
        reader.join()


def _poll(settings: Settings, tally: Tally, whole: Mapping[str, int], stop: threading.Event) -> None:
    try:
        while not stop.is_set():
            try:
                with open_lake_to_read(settings) as lake:
                    while not stop.is_set():
                        _look(lake.connection, tally, whole)
            except (LakeBusyError, SettingsError):
                time.sleep(0.1)  # away, or not there yet
            except duckdb.Error as error:
                # asked of the database itself, which does not wait for its servers
                if fault_of(error, settings) not in (LakeFault.LOST, LakeFault.BROKEN):
                    raise
    except BaseException as error:
        tally.errors.append(f"reader: {type(error).__name__}: {error}")
        raise


def _look(connection: duckdb.DuckDBPyConnection, tally: Tally, whole: Mapping[str, int]) -> None:
    for stream, origin, n, runs, keys in connection.execute(SEEN).fetchall():
        if (n, runs, keys) != (whole[stream], 1, whole[stream]):
            tally.half.append(f"{stream} {origin}: a reader saw {n} rows of {runs} runs, {keys} intervals")
    tally.reads += 1
    time.sleep(0.02)


def show(tallies: Sequence[Tally]) -> None:
    """Print the table and what must not be; exits with 1 where there is any."""
    table = pd.DataFrame([tally.row() for tally in tallies])
    table.loc["all"] = {"kind": "all", **table.drop(columns="kind").sum()}
    print(table.to_string(index=False))
    faults = [fault for tally in tallies for fault in tally.faults()]
    print("\n".join(faults))
    raise SystemExit(bool(faults))
