"""A forecast that is withdrawn is not current any more, and is not gone."""

import pytest
from typer.testing import CliRunner

from forecasting.cli import app
from forecasting.errors import FeedError, SettingsError
from forecasting.jobs import forecast, plan
from forecasting.jobs.planners import publications
from forecasting.store.lake.open import open_lake
from tests.backfills import frame
from tests.contact_centre import CALLS, NEXT, ORIGIN

LATEST = "select * from analyst.{view} where stream = 'calls' order by all"
VIEWS = ("forecast_latest", "aggregates_latest", "staffing_latest", "shifts_latest", "forecast_final")
AS_OF = "select max(origin) as origin from analyst.{macro}('{at}'::timestamptz) where stream = 'calls'"


@pytest.fixture(scope="module")
def both(own):
    """Planned from ORIGIN and NEXT."""
    for origin in (ORIGIN, NEXT):
        plan.run(own, CALLS, origin=origin)
    return own


@pytest.fixture
def planned(both):
    """The same; what was withdrawn stands again afterwards."""
    yield both
    with open_lake(both) as lake:
        lake.connection.execute("delete from forecast.withdrawals")


def latest(desk) -> dict:
    return {view: frame(desk, LATEST.format(view=view)) for view in VIEWS}


def origins(desk) -> set:
    return {
        at.tz_convert("Europe/Berlin").strftime("%Y-%m-%d") for one in latest(desk).values() for at in one["origin"]
    }


def now(desk) -> str:
    return str(frame(desk, "select max(published_at) as at from forecast.publications")["at"][0])


def test_yesterday_is_current_again_until_the_origin_is_published_again(planned):
    before, at = latest(planned), now(planned)
    gone_at = before["forecast_latest"]["origin"][0]
    assert origins(planned) == {NEXT}
    done = publications.withdraw(planned, CALLS, origin=NEXT, reason="half a feed", author="ana")
    assert done.what == "forecast and plan"
    assert origins(planned) == {ORIGIN}
    assert not any(latest(planned)[view].empty for view in ("forecast_latest", "staffing_latest", "forecast_final"))
    # a moment before it was withdrawn it was current, and it is all there
    for macro in ("forecast_as_of", "forecast_final_as_of", "staffing_as_of"):
        assert frame(planned, AS_OF.format(macro=macro, at=at))["origin"][0] == before["forecast_latest"]["origin"][0]
        assert frame(planned, AS_OF.format(macro=macro, at="infinity"))["origin"][0] == done.current
    listed = publications.show(planned, stream=CALLS)
    gone = listed[listed["withdrawn_at"] != ""]
    assert {origin[:10] for origin in gone["origin"]} == {NEXT}
    assert set(gone["what"]) == {"forecast", "plan"}
    assert set(gone["reason"]) == {"half a feed"}
    with pytest.raises(SettingsError, match="was withdrawn at"):
        publications.withdraw(planned, CALLS, origin=NEXT, reason="again", author="ana")
    with pytest.raises(FeedError, match="no forecast from 2024-03-24T23:00"):
        plan.run(planned, CALLS, origin=NEXT)

    assert forecast.run(planned, CALLS, origin=NEXT).status == "published"
    assert {at.isoformat() for at in latest(planned)["forecast_latest"]["origin"]} == {gone_at.isoformat()}
    kept = [column for column in before["forecast_latest"] if column not in ("run_id", "published_at")]
    assert latest(planned)["forecast_latest"][kept].equals(before["forecast_latest"][kept])


def test_what_cannot_be_withdrawn_is_one_line(planned, monkeypatch):
    with pytest.raises(SettingsError, match=r"from 2024-01-31.*newest origins are 2024-03-24T23:00"):
        publications.withdraw(planned, CALLS, origin="2024-02-01", reason="wrong", author="ana")
    with pytest.raises(SettingsError, match="reason is empty"):
        publications.withdraw(planned, CALLS, origin=NEXT, reason=" ", author="ana")
    with pytest.raises(SettingsError, match="there is no stream 'cals'"):
        publications.show(planned, stream="cals")
    assert origins(planned) == {NEXT}
    monkeypatch.setenv("FORECASTING_HOME", str(planned.home))
    call = ["publications", "withdraw", CALLS, NEXT, "--reason", "wrong", "--author", "ana"]
    said = CliRunner().invoke(app.app, call)
    assert said.stdout == (
        "forecast and plan of calls from 2024-03-24T23:00:00+00:00: withdrawn; the forecast from "
        "2024-03-23T23:00:00+00:00 is current again\n"
    )
    assert "withdrawn_at" in CliRunner().invoke(app.app, ["publications", "list", CALLS]).stdout
