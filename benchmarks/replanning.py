"""An adjustment and what follows it, beside a plan in full: seconds and ratios, in one process.

In a copy of a home with a published plan of staff, such as that of `forecasting demo`: a plan in full, the preview of
+15% on one pool for a day, the adjustment, the quick plan that follows, and that once it is withdrawn. Imports are done
before the first clock starts. Targets: a preview in less than 2 s and a quick plan of one pool in less than 5 s on
two cores; their ratio to a full plan holds on any machine.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from forecasting.jobs import plan
from forecasting.jobs.planners import adjust
from forecasting.jobs.upkeep import claim
from forecasting.settings import read_settings
from forecasting.terms import Operation

PREVIEW, QUICK = 2.0, 5.0


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--home", type=Path, default=Path("demo"), help="home that is copied")
    arguments.add_argument("--stream", default="call_volume")
    arguments.add_argument("--origin", default="2026-03-29")
    arguments.add_argument("--series", default="sales.voice.*")
    arguments.add_argument("--day", nargs=2, default=("2026-03-31", "2026-04-01"))
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = shutil.copytree(given.home, Path(folder) / "home")
        settings = read_settings({"FORECASTING_HOME": str(home)})
        claim.run(settings)
        wanted = {
            "operation": Operation.PERCENT,
            "value": 15.0,
            "starts": given.day[0],
            "ends": given.day[1],
            "scope": {"series_id": given.series},
            "reason": "benchmark",
            "author": "benchmark",
        }

        def planned(*, quick: bool) -> Callable[[], object]:
            return lambda: plan.run(settings, given.stream, origin=given.origin, quick=quick)

        full = timed("plan in full", planned(quick=False))
        preview = timed("preview", lambda: adjust.add(settings, given.stream, **wanted, preview=True), full)
        timed("adjustment", lambda: adjust.add(settings, given.stream, **wanted), full)
        added = str(adjust.show(settings, stream=given.stream)["adjustment_id"].iloc[-1])
        quick = timed("quick plan of one pool", planned(quick=True), full)
        timed("withdrawal", lambda: adjust.withdraw(settings, added), full)
        timed("quick plan, as before", planned(quick=True), full)
    met = preview < PREVIEW and quick < QUICK
    print(f"preview {preview:.1f} s (target {PREVIEW:g}), quick plan {quick:.1f} s (target {QUICK:g})")
    return 0 if met else 1


def timed(name: str, work: Callable[[], object], full: float | None = None) -> float:
    start, processor = time.perf_counter(), time.process_time()
    work()
    seconds = time.perf_counter() - start
    share = "" if full is None else f", {seconds / full:.3f} of a plan in full"
    print(f"{name}: {seconds:.1f} s, of processors {time.process_time() - processor:.1f} s{share}", flush=True)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
