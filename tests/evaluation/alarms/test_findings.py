"""Few alarms, each about a stream or a group, and none that flickers."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from forecasting.evaluation.alarms.checks import RULES, About, Check
from forecasting.evaluation.alarms.findings import Symptom, gather, judge_measures, judge_publication
from forecasting.evaluation.alarms.states import COLUMNS, follow, name_alarm
from forecasting.evaluation.alarms.words import describe

ORIGIN = datetime(2024, 3, 8, 5, tzinfo=UTC)
NONE = pd.DataFrame(columns=list(COLUMNS))


def finding(check=Check.BIAS, place="*", *, excess=2.0, deviation=9.0, value=0.3) -> Symptom:
    about = RULES[check].about if check in RULES else About.RUN
    return Symptom(about, check, place, value, 0.01, -0.1, 0.1, excess, deviation)


def test_checks_that_see_one_fault_are_one_alarm():
    found = gather([finding(), finding(Check.ACCURACY, excess=4), finding(Check.COVERAGE, excess=1.5)], open_=())
    assert [(one.check, one.place, one.also) for one in found] == [(Check.ACCURACY, "*", ("bias", "coverage"))]


def test_subjects_have_alarms_of_their_own():
    found = gather([finding(), finding(Check.MISSING), finding(Check.RUN_TIME)], open_=())
    assert {one.about for one in found} == set(About)


def test_groups_are_named_unless_many_or_all_are_concerned():
    assert [one.place for one in gather([finding(place="region=a")], open_=())] == ["region=a"]
    three = gather([finding(place=f"region={name}") for name in "abcde"], open_=())
    assert [(one.place, one.also) for one in three] == [("*", ("region=a", "region=b", "region=c", "2 more groups"))]
    whole = gather([finding(), finding(place="region=a", excess=9)], open_=())
    assert [(one.place, one.also) for one in whole] == [("*", ("region=a",))]


def test_an_open_alarm_stays_while_it_deviates_and_a_closed_one_does_not_open():
    weak = finding(excess=0.6, deviation=3.0)
    assert not gather([weak], open_=())
    assert [one.check for one in gather([weak], open_={(About.FORECAST, "*")})] == [Check.BIAS]
    assert not gather([finding(excess=0.2, deviation=1.0)], open_={(About.FORECAST, "*")})


def test_alarms_are_raised_last_and_end():
    first = follow("calls", ORIGIN, [finding()], NONE)
    assert list(first["state"]) == ["raised"]
    second = follow("calls", ORIGIN + timedelta(days=1), [finding(Check.ACCURACY)], first)
    assert list(second["state"]) == ["lasting"]
    assert list(second["alarm_id"]) == list(first["alarm_id"])
    assert list(second["since"]) == [pd.Timestamp(ORIGIN)]
    third = follow("calls", ORIGIN + timedelta(days=2), [], second)
    assert list(third["state"]) == ["over"]
    assert list(third["excess"]) == [0.0]


def test_names_of_alarms_can_be_typed_and_differ_by_group():
    names = {name_alarm("calls", About.FEED, place, ORIGIN) for place in ("*", "region='a b'", "region=ü")}
    assert len(names) == 3
    assert all(name.replace("-", "").replace("_", "").isalnum() and name.isascii() for name in names)
    assert name_alarm("calls", About.FEED, "*", ORIGIN) == "calls-feed-20240308"


@pytest.mark.parametrize("check", list(RULES))
def test_every_check_has_words(check):
    text = describe(finding(check, "region=a", value=0.25))
    assert text.startswith("region=a: ")
    assert "usual" in text


def test_words_say_which_way_demand_went():
    assert "25.0% below the forecast" in describe(finding(value=0.25))
    assert "25.0% above the forecast" in describe(finding(value=-0.25))
    assert "99,900% above" in describe(finding(value=-999.0))


def test_a_publication_is_judged_as_it_is():
    assert judge_publication(0.0) is None
    assert gather([judge_publication(1.0)], open_=())[0].also == ()
    assert "nothing was published" in describe(judge_publication(1.0))
    assert "not complete" in describe(judge_publication(0.5))


def test_measures_become_findings_of_the_last_origin():
    origins = list(pd.date_range("2024-01-01", periods=60, tz="UTC"))
    draws = np.random.default_rng(0)
    rows = pd.concat(
        [
            pd.DataFrame({"origin": origins, "kind": kind, "place": place, "value": draws.normal(0, 0.02, 60)})
            for kind, place in (("bias", "*"), ("bias", "region=a"), ("publication", "*"))
        ]
    )
    rows.loc[(rows["place"] == "region=a") & (rows["origin"] == origins[-1]), "value"] = 0.9
    found = judge_measures(rows, origins, np.arange(60) % 7, np.zeros(60, bool), streams=3)
    assert {(one.place, one.excess >= 1) for one in found} == {("*", False), ("region=a", True)}
