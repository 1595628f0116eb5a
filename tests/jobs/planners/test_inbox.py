"""What planners put into their inbox on the catalog's server: taken over once, however often that is stopped."""

from collections.abc import Callable
from pathlib import Path

import pytest

from forecasting.errors import SettingsError
from forecasting.jobs import forecast
from forecasting.jobs.planners import adjust, imports
from forecasting.jobs.streams import quarantine
from forecasting.jobs.upkeep import init, move
from forecasting.settings import Settings, read_settings
from forecasting.store.lake.open import open_lake
from tests.contact_centre import CALLS, HANDLES, NEXT
from tests.postgres import Server

DATABASE = "planned"
GOOD = (
    f"('{CALLS}', '{{\"series_id\": \"care.*\"}}', '2024-03-26 00:00+01', '2024-03-27 00:00+01', 'percent', 15, 'mail')"
)
HANDLE = f"('{CALLS}', '{{}}', '2024-03-26 00:00+01', '2024-03-27 00:00+01', 'add', 20, 'new form', 'handle_time')"
BAD = f"('{CALLS}', '{{}}', '2024-03-26 00:00+01', '2024-03-27 00:00+01', 'percent', 'nan', null)"
COLUMNS = "stream, scope, starts_at, ends_at, operation, value, reason"


@pytest.fixture(scope="module")
def served(own: Settings, server: Server | None, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The contact centre on a server with its roles."""
    if server is None:
        pytest.skip("needs a PostgreSQL server: initdb is not installed")
    server.create(DATABASE)
    folder = tmp_path_factory.mktemp("served")
    environment = {
        "FORECASTING_HOME": str(own.home),
        "FORECASTING_CATALOG": server.catalog(DATABASE),
        "FORECASTING_DATA": str(folder / "data"),
        "FORECASTING_MODELS": str(folder / "models"),
    }
    target = read_settings(environment)
    assert move.run(own, target).is_equal
    init.run(target)
    return read_settings({**environment, "FORECASTING_CATALOG": server.catalog(DATABASE, role="airflow")})


@pytest.fixture
def inbox(served: Settings, server: Server):
    """Adds rows as a planner; what was said is forgotten afterwards."""

    def add(*rows: str, columns: str = COLUMNS) -> None:
        server.ask(DATABASE, f"insert into planners.inbox ({columns}) values {', '.join(rows)}", role="planner")

    yield add
    server.ask(DATABASE, "delete from planners.inbox")
    with open_lake(served) as lake:
        for table in ("planning.adjustments", "planning.adjusted", "history.quarantine"):
            lake.connection.execute(f"delete from {table}")


def left(server: Server) -> int:
    return int(server.ask(DATABASE, "select count(*) from planners.inbox"))


Add = Callable[..., None]


def test_rows_of_the_inbox_are_taken_over_and_bad_ones_wait_in_quarantine(served, inbox: Add, server):
    inbox(GOOD, BAD)
    inbox(HANDLE, columns=f"{COLUMNS}, metric")
    taken = imports.import_inbox(served)
    assert taken.added[["stream", "what", "author"]].to_numpy().tolist() == [
        [CALLS, "+15%", "planner"],
        [HANDLES, "+20", "planner"],
    ]
    assert taken.rejected[0].reason == "reason is empty; an adjustment says who made it and why"
    assert quarantine.show_rows(served, stream=CALLS)["source"].tolist() == ["planners.inbox"]
    assert left(server) == 0
    again = imports.import_inbox(served)
    assert (len(again.added), again.known, again.rejected) == (0, 0, [])


@pytest.mark.parametrize("after", ["nothing", "the lake"])
def test_stopped_at_any_place_nothing_is_lost_and_nothing_twice(served, inbox: Add, server, monkeypatch, after):
    inbox(GOOD, BAD)

    class Killed(BaseException):
        """What ends a process at once: nothing after it happens."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(imports, "append_rejects" if after == "nothing" else "clear_inbox", die)
        with pytest.raises(Killed):
            imports.import_inbox(served)
    assert left(server) == 2
    assert len(adjust.show(served)) == (0 if after == "nothing" else 1)
    imports.import_inbox(served)
    assert left(server) == 0
    assert adjust.show(served)["what"].tolist() == ["+15%"]
    assert len(quarantine.show_rows(served, stream=None, every=True)) == 1


def test_two_planners_who_say_the_same_are_both_heard(served, inbox: Add):
    inbox(GOOD, GOOD)
    assert len(imports.import_inbox(served).added) == 2


def test_every_forecast_takes_over_what_concerns_its_stream(served, inbox: Add, server):
    inbox(GOOD)
    inbox(HANDLE, columns=f"{COLUMNS}, metric")
    forecast.run(served, CALLS, origin=NEXT)
    assert adjust.show(served)["stream"].tolist() == [CALLS]
    assert left(server) == 1


def test_a_server_without_an_inbox_says_how_to_make_it(server: Server | None, tmp_path: Path):
    if server is None:
        pytest.skip("needs a PostgreSQL server: initdb is not installed")
    server.create("no_inbox")
    settings = read_settings({"FORECASTING_HOME": str(tmp_path), "FORECASTING_CATALOG": server.catalog("no_inbox")})
    with open_lake(settings):
        pass
    with pytest.raises(SettingsError, match=r"there is no planners\.inbox here; make it: forecasting lake init"):
        imports.import_inbox(settings)
