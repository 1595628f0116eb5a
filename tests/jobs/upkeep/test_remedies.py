"""What the doctor advises heals what it found: every command that it names is run as it stands."""

import re
import shlex
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from forecasting.cli.app import app
from forecasting.jobs.upkeep.lake_checks import look_at_lake
from forecasting.jobs.upkeep.remedies import RESTORE, remedy_of
from forecasting.settings import Settings, read_settings
from forecasting.store.checks import Broken
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.open import open_lake, open_lake_to_read
from tests.feeds import define_stream, deliver, hourly_rows

ORIGINS = ("2024-01-29", "2024-01-30")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A stream whose local day begins at another instant, forecast twice. Every test spoils it and has it healed."""
    settings = read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("healed") / "home")})
    define_stream(settings, timezone="America/Toronto", tables="[hierarchy]\nkeep_paths = true\n")
    deliver(settings, hourly_rows(days=31))
    run(settings, "ingest usage --until 2024-01-31")
    for origin in ORIGINS:
        run(settings, f"forecast usage --origin {origin}")
    return settings


def run(settings: Settings, text: str) -> str:
    """What a command line prints, as it stands."""
    done = CliRunner().invoke(app, shlex.split(text), env=settings.as_environment(), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def wrong(settings: Settings) -> list[str]:
    """Messages of all errors in the lake."""
    with open_lake_to_read(settings) as lake:
        return [finding.message for finding in look_at_lake(lake) if finding.verdict == "error"]


def plant(settings: Settings, *statements: str) -> None:
    with open_lake(settings) as lake:
        for statement in statements:
            lake.write(lambda statement=statement: lake.connection.execute(statement), message="fault")


def follow(settings: Settings, message: str) -> list[str]:
    """Run the commands that a message names; returns what they printed."""
    advised = re.findall(r"`forecasting ([^`]+)`", message)
    assert advised, message
    return [run(settings, text) for text in advised]


FAULTS = {
    "some rows gone": ("delete from forecast.forecasts where series_id = 'b' and origin < timestamptz '2024-01-30'",),
    "all rows gone": (
        "delete from forecast.forecasts",
        "delete from forecast.aggregates",
        "delete from forecast.paths",
    ),
    "no numbers": ("update forecast.forecasts set mean = 'nan', q50 = 'nan' where horizon_step = 7",),
    "another number": ("update forecast.forecasts set mean = mean + 1 where origin > timestamptz '2024-01-30'",),
    "twice": ("insert into forecast.forecasts select * from forecast.forecasts where horizon_step = 3",),
    "sums gone": ("delete from forecast.aggregates where origin < timestamptz '2024-01-30'",),
    "sums no numbers": ("update forecast.aggregates set q95 = 'nan'",),
    "paths no numbers": ("update forecast.paths set y = list_transform(y, lambda value: 'nan'::float)",),
}


@pytest.mark.parametrize("statements", FAULTS.values(), ids=list(FAULTS))
def test_lost_or_spoilt_rows_are_issued_again_by_what_is_advised(home, statements):
    assert wrong(home) == []
    plant(home, *statements)
    found = wrong(home)
    assert found
    follow(home, found[0])
    assert wrong(home) == []
    assert all("settled" in text or "unchanged" in text for text in follow(home, found[0]))


def test_forecast_command_issues_again_what_was_lost_and_leaves_the_rest(home):
    plant(home, "delete from forecast.forecasts where series_id = 'b' and origin > timestamptz '2024-01-30'")
    again = [run(home, f"forecast usage --origin {origin}") for origin in ORIGINS]
    assert ["unchanged" in printed for printed in again] == [True, False]
    assert wrong(home) == []


def advice(home: Settings, **origins: list[datetime]) -> str:
    return remedy_of(
        Broken(1, "x", origins.get("forecasts"), origins.get("plans")), read_definition(home, "usage").stream
    )


def test_advice_names_the_local_dates_of_origins_or_their_instants(settings):
    define_stream(settings, timezone="America/Toronto")
    first, second = datetime(2024, 1, 29, 5, tzinfo=UTC), datetime(2024, 2, 3, 5, tzinfo=UTC)
    noon = datetime(2024, 1, 30, 17, tzinfo=UTC)
    assert advice(settings, forecasts=[first, second]) == (
        "issue them again with `forecasting backfill usage --from 2024-01-29 --to 2024-02-03 --replace`"
    )
    assert advice(settings, forecasts=[first, noon]) == (
        "run `forecasting forecast usage --origin 2024-01-29`, "
        "`forecasting forecast usage --origin 2024-01-30T12:00:00-05:00`"
    )
    assert advice(settings, plans=[second]) == "run `forecasting plan usage --origin 2024-02-03`"
    assert advice(settings, forecasts=[second], plans=[second]) == (
        "issue them again with `forecasting backfill usage --from 2024-02-03 --to 2024-02-03 --replace`, then run "
        "`forecasting plan usage --origin 2024-02-03`"
    )
    assert advice(settings, plans=[first] * 5).endswith("` and so on for all 5 origins")
    assert advice(settings) == RESTORE


def test_without_a_definition_it_has_to_be_put_back_first():
    assert "put the stream's definition back" in remedy_of(Broken(1, "x", [datetime(2024, 1, 1, tzinfo=UTC)]), None)
