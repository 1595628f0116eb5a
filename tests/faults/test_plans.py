"""kill -9 while a plan is published: the plan before it stands whole, and the next run completes."""

import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forecasting.settings import Settings, read_settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.store.maintenance import remove_unpublished, unpublished_runs
from forecasting.store.tables.plans import plan_hash, planned_rows, publish_plan
from forecasting.store.tables.runs import start_run
from forecasting.terms import DAY, RunKind, RunStatus
from tests.faults.processes import Running, doom_transaction, settings_of
from tests.feeds import define_stream
from tests.plans import make_plan

ORIGIN = datetime(2024, 1, 30, tzinfo=UTC)
NOW = datetime(2024, 1, 30, 6, tzinfo=UTC)


def issue(settings: Settings, level: int, token: str) -> RunStatus:
    """A run that publishes the plan of that level."""
    with open_lake(settings) as lake:
        stream = read_definition(settings, "usage").stream
        run = start_run(lake, stream, kind=RunKind.PLAN, origin=ORIGIN, started_at=NOW, token=token)
        return publish_plan(lake, run, make_plan(ORIGIN, level=level), complete=True, now=NOW)


def issue_and_die(variables: dict[str, str], level: int, number: int, committed: bool) -> None:
    doom_transaction(number, committed)
    issue(settings_of(variables), level, f"doomed-{number}")


def planned(settings: Settings) -> str:
    """Hash of all that is planned; a table of another plan would change it."""
    with open_lake_to_read(settings) as lake:
        tables = {
            name: planned_rows(lake, stream="usage", origin=ORIGIN, table=name).drop(columns="run_id")
            for name in make_plan(ORIGIN)
        }
    return plan_hash(tables)


@pytest.mark.slow
@pytest.mark.parametrize("committed", [False, True], ids=["before its commit", "after its commit"])
def test_plan_that_is_killed_in_any_transaction_leaves_the_one_before_or_is_whole(tmp_path: Path, committed):
    settings = read_settings({"FORECASTING_HOME": str(tmp_path / "home")})
    define_stream(settings)
    issue(settings, 5, "first")
    before, after = (plan_hash(make_plan(ORIGIN, level=level)) for level in (5, 6))
    seen, number, code = [], 0, -signal.SIGKILL
    while code:
        number += 1
        code = Running(issue_and_die, settings.as_environment(), 6, number, committed).wait().code
        assert code in (0, -signal.SIGKILL)
        seen.append(planned(settings))
    # the run goes on record, its rows go in, they become visible
    assert number == 4
    assert seen == [before, before, after if committed else before, after]
    assert issue(settings, 6, "again") is RunStatus.UNCHANGED
    with open_lake(settings) as lake:
        remove_unpublished(lake, unpublished_runs(lake, now=datetime.now(UTC) + 2 * DAY))
        assert lake.connection.execute("select count(distinct run_id) from planning.shifts").fetchall() == [(2,)]
    assert planned(settings) == after
