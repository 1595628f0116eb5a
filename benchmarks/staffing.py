"""Agents planned for a bank's contact centre in September and October 1999, replayed call by call.

    python benchmarks/staffing.py [--budget 30s] [--home DIR]

Calls and handle times are forecast from every day as known then, planned a week ahead and replayed against the real
calls (`forecasting plan --replay`). Compared are the plan at each confidence, the medians taken as certain with several
safety factors, and the cheapest plan that knows each day's true rate. Targets: at confidence 0.8, 75 to 85% of the
intervals with more than five calls meet 80% in 60 s; the confidence that meets it on 80% of days costs at most 8% more
than the cheapest plan of known rates. Needs the data that the tests read (SHARED_DATA); --home keeps the forecasts for
another run.
"""

import forecasting  # noqa: F401 # isort: skip

import argparse
import os
import tempfile
from pathlib import Path

from forecasting.jobs import backfill, ingest
from forecasting.jobs.staffing import replay
from forecasting.settings import read_settings

STREAMS = Path(__file__).parents[1] / "tests" / "streams"
NAMES = ("anonymous_bank", "anonymous_bank_aht")
SINCE, UNTIL = "1999-09-01", "1999-10-31"
FIRST_ORIGIN, LAST_ORIGIN = "1999-08-25", "1999-10-24"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", default="30s", help="training time of each model")
    parser.add_argument("--home", type=Path, help="keep the lake here and use it again")
    arguments = parser.parse_args()
    shared = Path(os.environ.get("SHARED_DATA", Path(__file__).parents[2] / "shared" / "data")).resolve()
    if not (shared / "anonymous_bank_calls_raw.parquet").exists():
        raise SystemExit(f"{shared}: no anonymous_bank_calls_raw.parquet; set SHARED_DATA")
    os.environ["SHARED_DATA"] = str(shared)
    with tempfile.TemporaryDirectory() as scratch:
        run(arguments.home or Path(scratch), budget=arguments.budget)


def run(home: Path, *, budget: str) -> None:
    streams = home / "streams"
    streams.mkdir(parents=True, exist_ok=True)
    for path in sorted(STREAMS.glob("anonymous_bank*")):
        text = path.read_text(encoding="utf-8").replace('budget = "1min"', f'budget = "{budget}"')
        (streams / path.name).write_text(text, encoding="utf-8")
    settings = read_settings({"FORECASTING_HOME": str(home), "FORECASTING_STREAMS": str(streams)})
    for name in NAMES:
        ingest.run(settings, name, until="1999-11-01")
        report = backfill.run(settings, name, since=FIRST_ORIGIN, until=LAST_ORIGIN)
        print(f"{name}: {len(report.origins)} origins, {len(report.trained)} models")
    found = replay.run(settings, NAMES[0], since=SINCE, until=UNTIL, begin=lambda text: print(f"\r{text:<60}", end=""))
    print(f"\r{found.calls} calls on {found.days} days, target {found.target}, plans made a week before\n")
    print(found.table().to_string(index=False))
    for formula in ("A", "C"):
        lines = {one.plan: one.attained for one in found.outcomes if one.formula == formula}
        own = next((one for name, one in lines.items() if "target on" in name), None)
        known = next((one for name, one in lines.items() if "true rate" in name), None)
        met = lines["confidence 0.8"].intervals
        print(f"\nErlang {formula}: confidence 0.8 met in {met:.1%} of intervals (75 to 85%)")
        if own and known:
            print(f"agent-hours over those of known rates: {own.agent_hours / known.agent_hours:.3f} (at most 1.08)")


if __name__ == "__main__":
    main()
