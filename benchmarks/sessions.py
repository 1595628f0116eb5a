"""Twenty analysts beside a writer, each with one question every five seconds, through clients that attached the lake.

27 million forecast rows in 40 origins; meanwhile another process publishes further origins, as the nightly run does
when it writes. Prints the 95th percentile of each question. Targets: 300 ms for those that a partition answers, 2 s
for others.
"""

import argparse
import multiprocessing
import random
import tempfile
import threading
import time
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np
from queries import FIRST, QUESTIONS, STEPS, keep_publishing, publish_origin

from forecasting.jobs.upkeep import query
from forecasting.settings import Settings, read_settings
from forecasting.store.lake.open import open_lake

PARTITION, OTHER = 300.0, 2000.0
"""Milliseconds."""
BY_PARTITION = {
    **QUESTIONS,
    "forecast_latest, one interval of all series": """
        select series_id, q50, q90 from analyst.forecast_latest
        where stream = $stream and ts = $origin + interval 12 hour
    """,
    "who is published": "select stream, origin, published_at, complete from analyst.streams",
}
OTHERS = {
    "totals by hour of the newest origin": """
        select ts, sum(mean) as total from analyst.forecast_latest where stream = $stream group by ts order by ts
    """,
    "ten largest series tomorrow": """
        select series_id, sum(mean) as total from analyst.forecast_latest
        where stream = $stream and horizon_step <= 24 group by series_id order by total desc limit 10
    """,
    "what changed since the origin before": """
        select now_.series_id, sum(now_.mean - before.mean) as change
        from analyst.forecast_from_origin($origin) as now_
        join analyst.forecast_from_origin($before) as before using (stream, series_id, ts)
        where stream = $stream group by now_.series_id order by abs(change) desc limit 10
    """,
}
TARGETS = dict.fromkeys(BY_PARTITION, PARTITION) | dict.fromkeys(OTHERS, OTHER)
ASKED = BY_PARTITION | OTHERS


class Session(threading.Thread):
    """One analyst: a client of their own, one question every `every` seconds until `end`."""

    def __init__(self, number: int, statements: str, *, series: int, origins: int, every: float, end: float) -> None:
        super().__init__(daemon=True)
        self.number, self.statements, self.series, self.origins = number, statements, series, origins
        self.every, self.end = every, end
        self.taken: dict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []

    def run(self) -> None:
        draw = random.Random(self.number)
        with duckdb.connect(config={"threads": 1, "memory_limit": "512MB"}) as client:
            client.execute(self.statements)
            at = time.monotonic() + draw.uniform(0, self.every)
            while at < self.end:
                time.sleep(max(at - time.monotonic(), 0))
                self._ask(client, draw)
                at = max(at + self.every, time.monotonic())

    def _ask(self, client: duckdb.DuckDBPyConnection, draw: random.Random) -> None:
        name = draw.choice(list(BY_PARTITION) if draw.random() < 0.75 else list(OTHERS))
        origin = FIRST + timedelta(days=self.origins - 1 if "latest" in name else draw.randrange(1, self.origins))
        values = {
            "stream": "wide",
            "series_id": f"link-{draw.randrange(self.series):05d}",
            "origin": origin,
            "before": origin - timedelta(days=1),
            "t": FIRST + timedelta(days=self.origins + 1),
        }
        text = ASKED[name]
        started = time.perf_counter()
        try:
            client.execute(text, {key: value for key, value in values.items() if f"${key}" in text}).fetchall()
            self.taken[name].append(1000 * (time.perf_counter() - started))
        except duckdb.Error as error:
            self.errors.append(f"{name}: {error}")


def measure(settings: Settings, *, sessions: int, series: int, origins: int, seconds: float, every: float) -> None:
    statements = query.attach(settings, read_only=True)
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    writer = context.Process(target=keep_publishing, args=(settings, series, origins, stop))
    writer.start()
    end = time.monotonic() + seconds
    people = [
        Session(number, statements, series=series, origins=origins, every=every, end=end) for number in range(sessions)
    ]
    for one in people:
        one.start()
    for one in people:
        one.join()
    stop.set()
    writer.join()
    errors = [text for one in people for text in one.errors]
    print(f"{sessions} sessions for {seconds:.0f} s: {len(errors)} errors", *errors[:3], sep="\n  ")
    for name in ASKED:
        taken = [value for one in people for value in one.taken[name]]
        if taken:
            p95 = float(np.quantile(taken, 0.95))
            met = "met" if p95 <= TARGETS[name] else "missed"
            print(
                f"  {name:<45} {len(taken):4d} asked, median {np.median(taken):6.0f} ms, p95 {p95:6.0f} ms, "
                f"target {TARGETS[name]:.0f} ms {met}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--origins", type=int, default=40)
    parser.add_argument("--series", type=int, default=2_000)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--every", type=float, default=5)
    parser.add_argument("--folder", type=Path, help="where the lake is built for the time of the run")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        settings = read_settings({"FORECASTING_HOME": folder})
        started = time.perf_counter()
        with open_lake(settings) as lake:
            for number in range(given.origins):
                publish_origin(lake, stream="wide", series=given.series, number=number)
        rows = given.origins * given.series * STEPS
        print(f"{rows / 1e6:.1f} million rows in {time.perf_counter() - started:.0f} s", flush=True)
        named = {"sessions": given.sessions, "series": given.series, "origins": given.origins}
        measure(settings, **named, seconds=given.seconds, every=given.every)


if __name__ == "__main__":
    main()
