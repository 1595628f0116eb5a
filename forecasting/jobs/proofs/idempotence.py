"""Proof that a backfill repeated, killed at random moments or run by two at once ends in the same tables."""

import logging
import random
import signal
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from forecasting.errors import FeedError
from forecasting.jobs.common.session import wall_clock
from forecasting.jobs.proofs import subprocesses
from forecasting.jobs.proofs.common import Ground, Proof, file_of, find_difference
from forecasting.panel.calendar.calendar import retrain_boundary
from forecasting.store.checks import OF_FORECASTS, find_broken
from forecasting.store.lake.copies import (
    all_published,
    delete_forecasts,
    delete_models,
    publications_of,
    read_rows,
    runs_of,
    save_rows,
)
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.terms import RunKind, RunStatus

logger = logging.getLogger(__name__)

NAME = "idempotence"
KILLS = 20
TRAINING_KILLS = 6
SHORT_BUDGET = timedelta(minutes=2)
"""A stream that trains for longer keeps its models; its trainings are not killed."""
ATTEMPTS = 6 * KILLS


@dataclass(frozen=True)
class Pace:
    """How long an undisturbed backfill takes, in seconds."""

    training: float
    origin: float
    """Of each origin, without training."""


@dataclass
class _Kills:
    """What was killed so far."""

    moments: random.Random
    phases: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    rounds: int = 0

    @property
    def hits(self) -> int:
        return self.phases.total()


def prove(ground: Ground) -> Proof:
    """Backfill the range with kills, undisturbed, again, and by two processes at once; compare what is published.

    Leaves what the undisturbed backfill published in `Ground.reference`. Raises FeedError where the range cannot be
    backfilled at all.
    """
    messages: list[str] = []
    trains = ground.stream.models.budget <= SHORT_BUDGET
    pace = _measure(ground, trains=trains)
    kills = _Kills(random.Random(ground.seed))
    with open_lake(ground.settings) as lake:
        if trains:
            delete_models(lake, ground.stream.name, since=retrain_boundary(ground.stream, ground.origins[-1]))
    while kills.hits < KILLS and kills.attempts < ATTEMPTS:
        kills.rounds += 1
        _forget(ground)
        messages += _kill_until_done(ground, kills, pace, training_due=trains and kills.rounds == 1)
        save_published(ground, ground.folder / f"killed-{kills.rounds}")
    ground.report(f"{NAME}: undisturbed, and again")
    _forget(ground)
    _complete(ground)
    save_published(ground, ground.reference)
    messages += [*_unsound(ground, "undisturbed")]
    messages += _backfill_again(ground)
    for number in range(1, kills.rounds + 1):
        messages += _compare(ground, ground.folder / f"killed-{number}", f"killed, round {number}")
    messages += _run_two_at_once(ground)
    if kills.hits < KILLS:
        messages.append(f"expected {KILLS} kills of a live process, found {kills.hits} in {kills.attempts} attempts")
    hit = ", ".join(f"{count} {phase}" for phase, count in kills.phases.most_common())
    numbers = (
        f"{len(ground.origins)} origins from {ground.dates[0]} to {ground.dates[1]}: {kills.hits} live processes "
        f"killed in {kills.rounds} rounds ({hit}), one repeat, two at once; an origin takes {pace.origin:.1f} s"
    )
    skipped = [] if trains else [f"no training was killed: the stream's budget is over {SHORT_BUDGET}"]
    return Proof(NAME, not messages, [*messages, numbers, *skipped])


def _measure(ground: Ground, *, trains: bool) -> Pace:
    """Backfill the range undisturbed, with a training where that may be short, and see how long its parts take."""
    ground.report(f"{NAME}: measuring an undisturbed backfill of {len(ground.origins)} origins")
    with open_lake(ground.settings) as lake:
        if trains:
            delete_models(lake, ground.stream.name, since=retrain_boundary(ground.stream, ground.origins[-1]))
    _complete(ground)
    ended = wall_clock()
    with open_lake_to_read(ground.settings) as lake:
        runs = runs_of(lake, ground.stream.name)
    training = sum(
        (run.finished_at - run.started_at).total_seconds()
        for run in runs
        if run.kind == RunKind.TRAIN and run.finished_at is not None
    )
    rest = (ended - runs[0].started_at).total_seconds() - training
    pace = Pace(training, rest / len(ground.origins))
    ground.report(f"{NAME}: trains {training:.1f} s, {pace.origin:.1f} s an origin")
    return pace


def _kill_until_done(ground: Ground, kills: _Kills, pace: Pace, *, training_due: bool) -> list[str]:
    """Backfill the range, killing at drawn moments until it is done; what is unsound then."""
    while kills.attempts < ATTEMPTS:
        kills.attempts += 1
        left = len(ground.origins) - _published(ground)
        if not left or kills.hits >= KILLS:
            break
        earliest, latest = 0.0, left * pace.origin
        if training_due and not _is_trained(ground):
            training = kills.phases["training"] < TRAINING_KILLS
            earliest, latest = (0.0, 0.8 * pace.training) if training else (pace.training, pace.training + latest)
        phase = _kill_at(ground, kills.moments.uniform(earliest, latest))
        if phase:
            kills.phases[phase] += 1
            ground.report(f"{NAME}: kill {kills.hits} hit while {phase}")
    _complete(ground)
    return _unsound(ground, f"killed, round {kills.rounds}")


def _kill_at(ground: Ground, seconds: float) -> str | None:
    """Start a backfill and kill it so long after its first write; what it was doing, None where it had ended."""
    begun = wall_clock()
    child = _start(ground)
    subprocesses.wait_until_at_work(child, ground.settings)
    child.wait_at_most(seconds)
    child.kill()
    ended = child.wait()
    if ended.code != -signal.SIGKILL:
        _check_ended(ground, ended)
        return None
    with open_lake_to_read(ground.settings) as lake:
        runs = [run for run in runs_of(lake, ground.stream.name) if run.started_at >= begun]
    if not runs:
        return "starting"
    last = runs[-1]
    if last.status != RunStatus.RUNNING:
        return "between runs"
    if last.kind == RunKind.TRAIN:
        return "training"
    return "publishing" if last.rows else "forecasting"


def _backfill_again(ground: Ground) -> list[str]:
    """Backfill what is published; it must publish nothing."""
    with open_lake_to_read(ground.settings) as lake:
        before = publications_of(lake, ground.stream.name)
    _complete(ground)
    with open_lake_to_read(ground.settings) as lake:
        after = publications_of(lake, ground.stream.name)
    if before == after:
        return []
    more = sum(after.values()) - sum(before.values())
    return [f"repeated: expected no publication, found {more} more"]


def _run_two_at_once(ground: Ground) -> list[str]:
    """Two backfills of the range that start at once."""
    ground.report(f"{NAME}: two at once")
    _forget(ground)
    both = [_start(ground), _start(ground)]
    for ended in [child.wait() for child in both]:
        _check_ended(ground, ended)
    folder = ground.folder / "two"
    save_published(ground, folder)
    return [*_unsound(ground, "two at once"), *_compare(ground, folder, "two at once")]


def _unsound(ground: Ground, how: str) -> list[str]:
    """Origins not published exactly once, and keys that do not hold."""
    name = ground.stream.name
    with open_lake_to_read(ground.settings) as lake:
        counts = publications_of(lake, name)
        wrong = {origin: counts.get(origin, 0) for origin in ground.origins if counts.get(origin, 0) != 1}
        messages = [
            f"{how}: origin {origin.isoformat()}: expected one publication, found {count}"
            for origin, count in wrong.items()
        ]
        for check in OF_FORECASTS:
            broken = find_broken(lake, check, stream=name, since=ground.origins[0])
            if broken.failed:
                messages.append(
                    f"{how}: {check.table}: expected {check.rule}, found {broken.failed}, first {broken.first}"
                )
    return messages


def _compare(ground: Ground, folder: Path, how: str) -> list[str]:
    """Differences between what was kept in a folder and the undisturbed backfill."""
    messages = []
    for origin in ground.origins:
        difference = find_difference(read_rows(file_of(ground.reference, origin)), read_rows(file_of(folder, origin)))
        if difference:
            messages.append(f"{how}: origin {origin.isoformat()}: {difference}")
    return messages


def save_published(ground: Ground, folder: Path) -> None:
    """Keep what is published of the range, a file an origin."""
    with open_lake_to_read(ground.settings) as lake:
        for origin in ground.origins:
            save_rows(all_published(lake, ground.stream.name, origin), file_of(folder, origin))


def _published(ground: Ground) -> int:
    with open_lake_to_read(ground.settings) as lake:
        return len(publications_of(lake, ground.stream.name))


def _is_trained(ground: Ground) -> bool:
    with open_lake_to_read(ground.settings) as lake:
        runs = runs_of(lake, ground.stream.name)
    return any(run.kind == RunKind.TRAIN and run.status != RunStatus.RUNNING for run in runs)


def _forget(ground: Ground) -> None:
    with open_lake(ground.settings) as lake:
        delete_forecasts(lake, ground.stream.name)


def _start(ground: Ground) -> subprocesses.Child:
    since, until = ground.dates
    return subprocesses.start(ground.settings, "backfill", ground.stream.name, "--from", since, "--to", until)


def _complete(ground: Ground) -> None:
    """Backfill the range in a process of its own, undisturbed."""
    _check_ended(ground, _start(ground).wait())


def _check_ended(ground: Ground, ended: subprocesses.Ended) -> None:
    if ended.code:
        last_line = (ended.err.strip() or ended.out.strip() or "nothing").splitlines()[-1]
        raise FeedError(
            f"stream {ground.stream.name}: expected a backfill of {ground.dates[0]} to {ground.dates[1]} to end well, "
            f"found exit code {ended.code}: {last_line}; see `forecasting backfill` of that range, or choose another"
        )
