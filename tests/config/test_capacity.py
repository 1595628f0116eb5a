from datetime import timedelta

import pytest
from pydantic import ValidationError

from forecasting.config.capacity import CapacitySection, Persistence, Step
from forecasting.config.planning import PlanningSection


def make(**changes) -> CapacitySection:
    return CapacitySection(**({"peak_stream": "link_peak"} | changes))


def test_little_need_be_said():
    rules = make()
    assert (rules.capacity, rules.group, rules.threshold, rules.grade) == ("capacity", None, 0.8, None)
    assert rules.persistence == Persistence(days=3, window=7)
    assert (rules.lead_time, rules.lasting, rules.confidence) == (timedelta(days=90), timedelta(days=365), 0.9)
    assert (rules.overload_cost, rules.capital_rate, rules.steps) == (0, 0.08, ())
    assert PlanningSection(capacity=rules).any


@pytest.mark.parametrize(("text", "days", "window"), [("3/7", 3, 7), ("1/1", 1, 1), ("10/30", 10, 30)])
def test_persistence_is_read_and_written_alike(text, days, window):
    read = make(persistence=text).persistence
    assert (read.days, read.window, str(read)) == (days, window, text)
    assert make(persistence=read).persistence == read


def test_what_is_dumped_is_read_again():
    rules = make(persistence="2/5", grade=0.01, steps=[{"name": "100G", "to": 100_000, "cost": 9}])
    assert CapacitySection.model_validate(rules.model_dump()) == rules


def test_a_step_replaces_or_multiplies_the_present_capacity():
    assert Step(name="100G", to=100, cost=1).capacity_after(10) == 100
    assert Step(name="100G", to=100, cost=1).capacity_after(400) == 100, "which brings nothing"
    assert Step(name="second link", times=2, cost=1).capacity_after(40) == 80


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"persistence": "3"}, r"days such as 3/7 \(three of the last seven days\), found '3'"),
        ({"persistence": 3}, "days such as 3/7 .*found 3"),
        ({"persistence": "3 of 7"}, "days such as 3/7"),
        ({"persistence": "8/7"}, "no more days than the window has, found 8/7"),
        ({"persistence": "0/7"}, "persistence.days"),
        ({"persistence": "3/400"}, "persistence.window"),
        ({"threshold": 0}, "threshold"),
        ({"threshold": 80}, "threshold"),
        ({"grade": 0}, "grade"),
        ({"grade": 1}, "grade"),
        ({"grade": 0.1}, "heavy_grade 0.07 is stricter than grade 0.1"),
        ({"lead_time": "36h"}, "lead_time and lasting are whole days"),
        ({"lasting": "30min"}, "lead_time and lasting are whole days"),
        ({"lead_time": 90}, "expected a duration such as"),
        ({"lead_time": "0d"}, "expected a duration such as"),
        ({"confidence": 0}, "confidence"),
        ({"confidence": 1}, "confidence"),
        ({"overload_cost": -1}, "overload_cost"),
        ({"overload_cost": float("inf")}, "overload_cost.*finite"),
        ({"overload_cost": float("nan")}, "overload_cost.*finite"),
        ({"capital_rate": -0.01}, "capital_rate"),
        ({"peak_stream": ""}, "peak_stream"),
        ({"capacity": ""}, "capacity"),
        ({"group": ""}, "group"),
        ({"treshold": 0.7}, "treshold"),
        ({"steps": [{"name": "a", "cost": 1}]}, "step 'a': expected either to or times"),
        ({"steps": [{"name": "a", "to": 1, "times": 2, "cost": 1}]}, "step 'a': expected either to or times"),
        ({"steps": [{"name": "", "to": 1, "cost": 1}]}, "name"),
        ({"steps": [{"name": "a", "to": 0, "cost": 1}]}, "to"),
        ({"steps": [{"name": "a", "to": float("inf"), "cost": 1}]}, "to.*finite"),
        ({"steps": [{"name": "a", "times": 1, "cost": 1}]}, "times"),
        ({"steps": [{"name": "a", "times": 2}]}, "cost"),
        ({"steps": [{"name": "a", "times": 2, "cost": -1}]}, "cost"),
        ({"steps": [{"name": "a", "times": 2, "cost": 1}, {"name": "a", "to": 9, "cost": 2}]}, "'a' is given twice"),
    ],
)
def test_what_cannot_be_is_told(changes, told):
    with pytest.raises(ValidationError, match=rf"(?s){told}"):
        make(**changes)


def test_grades_as_strict_as_each_other_are_fine():
    assert make(grade=0.07).heavy_grade == 0.07
    assert make(grade=0.2, heavy_grade=0.2).grade == 0.2
