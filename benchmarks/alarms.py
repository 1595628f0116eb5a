"""Alarms on generated days: how many are false, and which faults are found: `python benchmarks/alarms.py`.

Each stream has 60 days that limits are learned from and then `--days` more. Its rows are written straight into the
lake: nothing is trained. Demand has levels that are common to a day, to a region and to an hour, with heavy tails and
memory, counting noise, growth and a season; a forecast knows the pattern and the recent level, as real ones do, and
holidays roughly. Feeds reject a few rows, runs take varying time, and some series fall back.

Two passes: without faults, every alarm is false. With them, one fault every nine days on one stream after the other,
for three days each: found is what raises an alarm on that stream at the first or second origin that can know of it.
"""

import argparse
import tempfile
import time
from collections.abc import Mapping

import pandas as pd
from cases.alarm_days import FAULTS, Days, define_streams, write_days

from forecasting.evaluation.alarms.checks import WHOLE_STREAM, Check
from forecasting.evaluation.alarms.states import COLUMNS
from forecasting.jobs.alarms.check import follow_measures
from forecasting.jobs.alarms.days import special_days
from forecasting.jobs.alarms.measure import PAST, measure
from forecasting.settings import read_settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from forecasting.terms import DAY

LEARNED = 60
EVERY = 9
LASTS = 3
KEPT = PAST // DAY


def run(days: int, *, faults: bool, seed: int, series: int, streams: int) -> tuple[list[str], dict[str, list[bool]]]:
    """Alarms that no fault explains, and for each kind of fault whether each one was found."""
    names = [f"stream_{number}" for number in range(streams)]
    plan = {name: plan_faults(days, number, streams) if faults else {} for number, name in enumerate(names)}
    false: list[str] = []
    found: dict[str, list[bool]] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings({"FORECASTING_HOME": folder})
        worlds = [Days(name, seed=100 * seed + number, series=series) for number, name in enumerate(names)]
        define_streams(settings, worlds)
        with open_lake(settings) as lake:
            for world in worlds:
                own = plan[world.name]
                write_days(lake, world, LEARNED + days, faults=own)
                raised = follow_days(lake, world, LEARNED + days, streams=streams)
                starts = [day for day in own if day - 1 not in own]
                for start in starts:
                    caught = any(start <= day < start + 2 for day in raised)
                    found.setdefault(own[start], []).append(caught)
                explained = {day for start in starts for day in range(start, start + LASTS + 2)}
                false += [f"{world.date_of(day)} {text}" for day, text in raised.items() if day not in explained]
    return false, found


def plan_faults(days: int, number: int, streams: int) -> dict[int, str]:
    """Fault by day of a stream: each for `LASTS` days, on one stream after the other."""
    kinds = list(FAULTS)
    return {
        LEARNED + EVERY * place + into: kinds[place % len(kinds)]
        for place in range(days // EVERY)
        for into in range(LASTS)
        if place % streams == number
    }


def follow_days(lake: Lake, world: Days, days: int, *, streams: int) -> Mapping[int, str]:
    """Alarms that begin, by the day after which they do. Everything is measured as it was known at each origin."""
    stream = read_definition(lake.settings, world.name).stream
    origins = [world.origin_of(day + 1) for day in range(days)]
    measures = measure(lake, stream, origins)
    published = set(measures.loc[measures["kind"] == str(Check.PUBLICATION), "origin"])
    missing = [origin for origin in origins if pd.Timestamp(origin) not in published]
    lacking = {"kind": str(Check.PUBLICATION), "place": WHOLE_STREAM, "value": 1.0}
    measures = pd.concat([measures, pd.DataFrame([{"origin": pd.Timestamp(one), **lacking} for one in missing])])
    special = special_days(lake, stream, origins)
    raised: dict[int, str] = {}
    open_ = pd.DataFrame(columns=list(COLUMNS))
    for day in range(LEARNED, days):
        some = [at for at in range(max(day - KEPT, 0), day + 1) if at == day or origins[at] not in missing]
        chosen = [origins[at] for at in some]
        rows = follow_measures(stream, measures, chosen, special[some], open_, streams=streams)
        new = rows[rows["state"] == "raised"]
        if len(new):
            raised[day] = "; ".join(new["alarm_id"] + ": " + new["detail"])
        open_ = rows[rows["state"] != "over"]
    return raised


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--series", type=int, default=24)
    parser.add_argument("--streams", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults-only", action="store_true", help="leave the pass without faults out")
    given = parser.parse_args()
    options = {"seed": given.seed, "series": given.series, "streams": given.streams}
    if not given.faults_only:
        began = time.perf_counter()
        false, _ = run(given.days, faults=False, **options)
        print(
            f"without faults: {len(false)} alarms in {given.days} days of {given.streams} streams, "
            f"{30 * len(false) / given.days:.2f} a month ({time.perf_counter() - began:.0f} s)"
        )
        print(*(f"  {one}" for one in false), sep="\n", flush=True)
    began = time.perf_counter()
    false, found = run(given.days, faults=True, **options)
    caught, tried = sum(map(sum, found.values())), sum(map(len, found.values()))
    print(
        f"faults: {caught} of {tried} found within two days; {len(false)} alarms without a fault "
        f"({time.perf_counter() - began:.0f} s)"
    )
    for name, results in found.items():
        print(f"  {name:<20} {sum(results)} of {len(results)}")
    print(*(f"  {one}" for one in false), sep="\n")


if __name__ == "__main__":
    main()
