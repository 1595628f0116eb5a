"""Faults while tasks of small nights run, without Airflow: a task's process, PostgreSQL, the S3 server, the network.

Each is killed as kill -9 does, or the network cuts, stands still or is slow, at random moments of tasks that are tried
again as a scheduler does. Every published row is compared with those of the same nights undisturbed.
"""

import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forecasting.settings import read_settings
from tests.cluster.comparison import count_faults
from tests.cluster.relay import Link, link_to
from tests.cluster.tally import Tally, check_lake, polling
from tests.cluster.tasks import STEPS, STREAMS, Nights, prepare, work_alone
from tests.object_store import ObjectStore
from tests.postgres import Server

AWAY_SECONDS = 0.5
"""For which a server or a network is away, at most."""
STALL_SECONDS = 2.0
MOST_KILLS = 3
"""Of one task, which has to end some time."""
DELAY_SECONDS = 0.03
WHOLE = {stream: count * STEPS for stream, (count, _) in STREAMS.items()}
"""Rows of a night of each stream."""


@dataclass(frozen=True)
class Stage:
    """What can be hurt while nights run."""

    server: Server
    store: ObjectStore
    links: Sequence[Link]
    """To the server and to the store."""
    nights: Nights
    chance: random.Random


def kill_worker(stage: Stage) -> bool:
    """A process in the middle of its task; False where it had just ended."""
    under_way = [process for process, tries in list(stage.nights.running.values()) if tries < MOST_KILLS]
    if not under_way:
        return False
    process = stage.chance.choice(under_way)
    process.kill()
    # one thread alone may ask how a process ended: the one that started it
    while any(process is other for other, _ in list(stage.nights.running.values())):
        time.sleep(0.005)
    return (process.exitcode or 0) < 0


def kill_server(stage: Stage) -> bool:
    _kill(stage, stage.server)
    return True


def kill_store(stage: Stage) -> bool:
    _kill(stage, stage.store)
    return True


def _kill(stage: Stage, target: Server | ObjectStore) -> None:
    target.kill()
    time.sleep(stage.chance.uniform(0.0, AWAY_SECONDS))
    target.start()


def disturb_network(stage: Stage) -> bool:
    """One of the two links is cut, stands still or is slow for a while."""
    link, how = stage.chance.choice(stage.links), stage.chance.randrange(3)
    if how == 0:
        link.cut(stage.chance.uniform(0.0, AWAY_SECONDS))
    elif how == 1:
        link.stall(stage.chance.uniform(0.0, STALL_SECONDS))
    else:
        link.slow(stage.chance.uniform(0.0, STALL_SECONDS), delay_seconds=DELAY_SECONDS)
    return True


KINDS: Mapping[str, Callable[[Stage], bool]] = {
    "worker": kill_worker,
    "PostgreSQL": kill_server,
    "S3": kill_store,
    "network": disturb_network,
}


def disturbed_nights(
    folder: Path, server: Server, store: ObjectStore, *, kinds: Sequence[str], moments: int, seed: int
) -> Tally:
    """Run nights while so many faults happen, of the kinds in turn, and compare them with undisturbed ones."""
    tally, name = Tally(", ".join(kinds)), "faults_" + "_".join(kinds).lower()
    server.create(name)
    with link_to(server.port) as to_server, link_to(store.port) as to_store:
        environment = {
            "FORECASTING_HOME": str(folder / "home"),
            "FORECASTING_CATALOG": server.catalog(name).replace(f"port={server.port}", f"port={to_server.port}"),
            **store.environment(name),
            "FORECASTING_S3_ENDPOINT": f"127.0.0.1:{to_store.port}",
        }
        settings = read_settings(environment)
        prepare(settings)
        nights = Nights(settings, folder)
        nights.start()
        while nights.is_alive() and not nights.nights:  # the lake and its first night are there
            time.sleep(0.05)
        assert nights.is_alive(), nights.errors
        stage = Stage(server, store, (to_server, to_store), nights, random.Random(seed))
        with polling(settings, tally, whole=WHOLE):
            for moment in range(moments):
                _strike(stage, KINDS[kinds[moment % len(kinds)]], tally)
            nights.finish()
        tally.nights, tally.again, tally.errors = nights.nights, nights.again, tally.errors + nights.errors
        undisturbed = read_settings({"FORECASTING_HOME": str(folder / "undisturbed")})
        prepare(undisturbed)
        work_alone(undisturbed, nights=nights.nights)
        tally.found = count_faults(settings, undisturbed)
        check_lake(settings, tally)
    return tally


def _strike(stage: Stage, fault: Callable[[Stage], bool], tally: Tally) -> None:
    """Once, at a random moment; a worker's process at one of a task that has just begun, so that it gets on at all."""
    nights = stage.nights
    while nights.is_alive():
        before = nights.tasks
        while fault is kill_worker and nights.is_alive() and nights.tasks == before:
            time.sleep(0.005)
        time.sleep(stage.chance.uniform(0.0, statistics.median(nights.seconds)))
        if fault(stage):
            tally.injected += 1
            return
