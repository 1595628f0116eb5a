"""The worked queries run as they stand, and answer what they promise; views speak of local time."""

import re
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from forecasting.jobs.common.session import open_session
from forecasting.jobs.upkeep import query
from forecasting.settings import read_settings
from forecasting.store.lake.open import open_lake
from forecasting.terms import RunKind
from tests.homes import begin_with
from tests.reported import NAMES, ORIGINS, ZERO, ZONE, make_report_home

ROOT = Path(__file__).parents[2]
QUESTIONS = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "questions.md").read_text(encoding="utf-8"), re.DOTALL)
HERE = {"call_volume": "people", "link_traffic": "links", "tech_voice": "care", "2026-03-20": "2024-03-09"}
"""Names of the demo, and what stands for them in the home of these tests."""
EXAMPLES = sorted((ROOT / "sql" / "examples").glob("*.sql"))


def make_home(settings) -> None:
    make_report_home(settings)
    for stream in ("people", "links", "peaks"):
        with open_session(settings, stream) as session, session.run(RunKind.SCORE, origin=None):
            pass


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    settings = read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("examples") / "home")})
    return begin_with(settings, make_home)


def answer(home, name: str):
    (path,) = [path for path in EXAMPLES if path.stem == name]
    return query.run(home, path.read_text(encoding="utf-8"))


def test_there_are_ten():
    assert [path.stem[:2] for path in EXAMPLES] == [f"{number:02d}" for number in range(1, 11)]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_runs_and_finds_rows(home, path):
    assert len(query.run(home, path.read_text(encoding="utf-8")))


def asked(home, number: int) -> pd.DataFrame:
    """The answer to one of the ten questions."""
    text = QUESTIONS[number - 1]
    for name, own in HERE.items():
        text = text.replace(name, own)
    return query.run(home, text)


@pytest.mark.parametrize("number", range(1, 11))
def test_every_question_of_a_planner_has_an_answer(home, number):
    assert len(QUESTIONS) == 10
    assert len(asked(home, number))


def test_what_was_said_of_a_day_stands_beside_what_came(home):
    rows = asked(home, 9)
    assert len(rows) == len([origin for origin in ORIGINS if origin <= ORIGINS[1]])
    with open_lake(home) as lake:
        ((measured,),) = lake.connection.execute(
            "select sum(y) from history.demand "
            "where stream = 'people' and (ts at time zone $zone)::date = '2024-03-09'",
            {"zone": ZONE},
        ).fetchall()
    assert rows["measured"].tolist() == pytest.approx([measured] * len(rows))


def test_a_day_stands_beside_the_same_day_of_the_week_before_over_a_change_of_clocks(home):
    rows = answer(home, "02_against_last_week")
    own = rows[rows["series_id"] == "care.a"].set_index("day_name")
    with open_lake(home) as lake:
        for name, day in (("Sunday", date(2024, 3, 3)), ("Monday", date(2024, 3, 4))):
            (expected,) = lake.connection.execute(
                "select sum(y) from history.demand where stream = 'people' and series_id = 'care.a' "
                "and (ts at time zone $zone)::date = $day",
                {"zone": ZONE, "day": day},
            ).fetchone()
            assert own.loc[name, "a_week_before"] == pytest.approx(expected)
    # the Sunday of the change has 23 hours of forecasts, all of them counted
    assert rows[rows["series_id"] == ZERO]["expected"].eq(0).all()


def test_local_times_and_units_stand_beside_the_rows(home):
    rows = query.run(
        home,
        "select ts, ts_local, day_name, unit, complete, published_at from analyst.forecast_latest "
        "where stream = 'people' and series_id = 'care.a' order by ts limit 3",
    )
    assert rows["ts_local"].tolist()[0] == pd.Timestamp("2024-03-10")
    assert rows["ts_local"].tolist()[2] == pd.Timestamp("2024-03-10 03:00")
    assert set(rows["day_name"]) == {"Sunday"}
    assert set(rows["unit"]) == {"calls"}
    assert rows["complete"].all()


def test_months_are_pooled_from_sums(home):
    rows = query.run(home, "from analyst.accuracy_monthly where stream = 'people'").set_index("series_id")
    days = (ORIGINS[-1] - ORIGINS[0]).days
    assert rows.loc["*", "intervals"] == days * 24 * len(NAMES)
    single = rows.drop("*")
    pooled = (single["wape"] * single["demand"]).sum() / single["demand"].sum()
    assert rows.loc["*", "wape"] == pytest.approx(pooled)


def test_a_definition_is_put_on_record_once_and_again_when_it_changes(home):
    count = "select count(*) as n from history.streams where stream = 'people'"
    with open_session(home, "people") as session, session.run(RunKind.SCORE, origin=None):
        pass
    assert query.run(home, count)["n"].tolist() == [1]
    path = home.streams / "people.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('unit = "calls"', 'unit = "chats"'), encoding="utf-8")
    with open_session(home, "people") as session, session.run(RunKind.SCORE, origin=None):
        pass
    assert query.run(home, count)["n"].tolist() == [2]
    assert query.run(home, "select unit from analyst.streams where stream = 'people'")["unit"].tolist() == ["chats"]
