"""The tally of faults: one command, which `make faults` calls.

`python -m tests.cluster.faults` (`--kinds`, `--moments 40`, `--seed`) hurts each kind of process at random moments
while small nights run, and prints what was injected, retried, lost, twice or half seen.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cluster import airflow_faults, job_faults
from tests.cluster.tally import Tally, show
from tests.extensions import trust_extensions
from tests.object_store import object_store
from tests.postgres import postgresql
from tests.redis import redis_server


def tally_of(kinds: Sequence[str], *, moments: int, seed: int) -> Tally:
    """Kinds of faults in turn, all with Airflow or all without, on servers of their own. Exits where one is absent."""
    with (
        TemporaryDirectory(prefix="faults-") as folder,
        postgresql() as server,
        object_store() as store,
        redis_server() as broker,
    ):
        if server is None or store is None or broker is None:
            raise SystemExit("PostgreSQL, rclone or redis-server is not installed; see .ci/run")
        if set(kinds) <= job_faults.KINDS.keys():
            return job_faults.disturbed_nights(Path(folder), server, store, kinds=kinds, moments=moments, seed=seed)
        (root := Path(folder) / "cluster").mkdir()
        return airflow_faults.disturbed_nights(root, server, store, broker, kinds=kinds, moments=moments, seed=seed)


def main() -> None:
    kinds = [*job_faults.KINDS, *airflow_faults.KINDS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--together", action="store_true", help="the kinds in turn, as one line of the table")
    parser.add_argument("--moments", type=int, help="of each line of the table; 40 unless given, 2 outages")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    trust_extensions()
    # what was started is ended also where this is
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended before it was done"))
    tallies = []
    for line in [given.kinds] if given.together else [[kind] for kind in given.kinds]:
        moments = given.moments or (2 if line == ["outage"] else 40)
        tallies.append(tally_of(line, moments=moments, seed=given.seed))
        print(tallies[-1].row(), flush=True)
    show(tallies)


if __name__ == "__main__":
    main()
