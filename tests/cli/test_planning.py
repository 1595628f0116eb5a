"""`forecasting plan` and `forecasting explain` as a planner meets them."""

import json
import re

import pandas as pd
import pytest
from typer.testing import CliRunner

from forecasting.cli import app
from forecasting.jobs import plan
from forecasting.jobs.capacity import explain as explain_capacity
from forecasting.jobs.common.session import JobSummary
from forecasting.jobs.staffing import explain, replay
from forecasting.jobs.staffing.replayed import PlanOutcome, Replayed
from forecasting.planning.replay.plans import Attained
from forecasting.store.lake.open import open_lake
from tests.contact_centre import CALLS, ORIGIN, RULES, define_centre


@pytest.fixture
def home(settings, monkeypatch):
    """Definitions without a lake."""
    monkeypatch.setenv("FORECASTING_HOME", str(settings.home))
    define_centre(settings)
    return settings


def ask(*arguments: str):
    return CliRunner().invoke(app.app, list(arguments))


def leave(capsys, monkeypatch, *arguments: str) -> tuple[int, str]:
    """Exit code and standard error of the command as its own program runs it."""
    monkeypatch.setattr("sys.argv", ["forecasting", *arguments])
    with pytest.raises(SystemExit) as ended:
        app.main()
    told = capsys.readouterr()
    assert told.out == ""
    return ended.value.code, told.err


@pytest.mark.parametrize("command", [("plan",), ("explain",), ("explain", "staffing"), ("explain", "capacity")])
def test_every_command_teaches(command):
    told = ask(*command, "--help")
    assert told.exit_code == 0
    assert len(told.output.splitlines()) > 5


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("shrinkage = 1.0", "planning.staffing.shrinkage: Input should be less than 1"),
        ("shrinkage = 1.5", "planning.staffing.shrinkage: Input should be less than 1"),
        ('target = "100/20"', "planning.staffing.target: expected a share between 0 and 100, both left out"),
        ('target = "80%"', "planning.staffing.target: expected a target such as 80/20"),
        ("patience = 0", "planning.staffing.patience: Input should be greater than 0"),
        ('patience = "0s"', "planning.staffing.patience: expected a duration such as"),
        ("confidence = [0.8, 0.5]", "confidence must ascend"),
        ("max_occupancy = 0", "planning.staffing.max_occupancy: Input should be greater than 0"),
    ],
)
def test_rules_that_no_plan_can_hold_are_one_line_with_the_place(home, capsys, monkeypatch, line, told):
    name = line.split(" =")[0]
    define_centre(home, rules=re.sub(f"(?m)^{name} = .*", line, RULES))
    code, err = leave(capsys, monkeypatch, "plan", CALLS, "--origin", ORIGIN)
    assert code == 2
    assert re.match(r"error: \S+calls\.toml:\d+: ", err), err
    assert told in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("plan", CALLS, "--origin", ORIGIN), 3, "no forecast from 2024-03-23T23:00:00+00:00 was published"),
        (
            ("plan", "handle", "--origin", ORIGIN),
            2,
            "its definition has neither [planning.staffing] nor [planning.capacity]",
        ),
        (("plan", CALLS, "--origin", "soon"), 2, "origin 'soon'"),
        (("plan", CALLS, "--replay", "2024-02-30..2024-03-01"), 2, "expected two dates such as"),
        (("plan", CALLS, "--replay", "2024-03-02..2024-03-01"), 2, "expected the first date first"),
        (("plan", CALLS, "--replay", "2024-03-01..2024-03-02"), 3, "no file found"),
        (("explain", "staffing", CALLS, "care", "2024-03-26 10:00"), 3, "no plan from"),
        (("explain", "staffing", CALLS, "care", "at ten"), 2, "TS 'at ten'"),
        (("explain", "capacity", CALLS, "care"), 2, "its definition has no [planning.capacity]"),
        (
            ("explain", "capacity", "link_traffic", "a"),
            3,
            "no plan was published yet; plan first: forecasting plan link_",
        ),
        (
            ("explain", "capacity", "link_traffic", "a", "--origin", "2026-03-01"),
            3,
            "no plan of capacity from 2026-03-01",
        ),
        (("explain", "capacity", "link_traffic", "a", "--origin", "soon"), 2, "origin 'soon'"),
        (("explain", "capacity", "nope", "a"), 2, "stream 'nope' does not exist"),
        (("plan", "link_traffic", "--origin", "2026-03-01"), 3, "stream link_peak: no forecast from 2026-03-01T05:00"),
    ],
)
def test_known_error_is_one_line_and_its_code(home, capsys, monkeypatch, arguments, code, told):
    with open_lake(home):
        pass
    found, err = leave(capsys, monkeypatch, *arguments)
    assert found == code
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert told in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "either --origin T or --replay FROM..TO"),
        (("--origin", ORIGIN, "--replay", "2024-03-01..2024-03-02"), "either --origin T or --replay FROM..TO"),
        (("--replay", "2024-03-01"), "expected two dates such as"),
        (("--replay", "2024-03-01..2024-03-02", "--lead", "soon"), "--lead"),
    ],
)
def test_arguments_that_say_nothing_are_refused(home, arguments, told):
    found = ask("plan", CALLS, *arguments)
    assert found.exit_code == 2
    assert told in re.sub(r"[\s│]+", " ", found.output)


def test_a_plan_is_told_in_two_lines_or_as_json(home, monkeypatch):
    details = {
        "pools": 3,
        "agent_hours": {"confidence 0.5": 482, "confidence 0.8": 640},
        "forecast": "run",
        "people": 45,
    }
    summary = JobSummary(
        "plan", CALLS, "published", "id", ORIGIN, 2162, "shifts leave 1.5 person-hours uncovered", details
    )
    monkeypatch.setattr(plan, "run", lambda *_, **__: summary)
    told = ask("plan", CALLS, "--origin", ORIGIN).output.splitlines()
    assert told == [
        f"plan calls origin {ORIGIN}: published, 2162 rows (pools 3, agent_hours confidence 0.5=482 "
        "confidence 0.8=640, forecast run, people 45)",
        "  shifts leave 1.5 person-hours uncovered",
    ]
    assert json.loads(ask("plan", CALLS, "--origin", ORIGIN, "--json").output) == summary.as_dict()


def test_a_replay_is_told_as_a_table_or_as_json(home, monkeypatch):
    from datetime import timedelta

    outcomes = [PlanOutcome("A", "confidence 0.8", Attained(640.0, 0.8, 0.75, 0.85, 9.0, 0.02, 0.6))]
    found = Replayed(CALLS, "2024-03-01", "2024-03-02", timedelta(days=7), "80/20", 2, 99, outcomes)
    monkeypatch.setattr(replay, "run", lambda *_, **__: found)
    first, head, row, last = ask("plan", CALLS, "--replay", "2024-03-01..2024-03-02").output.splitlines()
    assert first.startswith("calls: 99 calls on 2 days, plans made 7d before each, target 80/20 (share of all offered")
    assert (head.split(",")[:3], row.split(",")[:3]) == (
        ["formula", "plan", "agent_hours"],
        ["A", "confidence 0.8", "640.0"],
    )
    assert "of the days of each pool" in last
    told = json.loads(ask("plan", CALLS, "--replay", "2024-03-01..2024-03-02", "--json").output)
    assert (told["lead"], told["outcomes"][0]["days"]) == ("7d", 0.75)


def test_an_explanation_is_told_line_by_line_or_as_json(home, monkeypatch):
    found = explain.Explained(CALLS, "care", "10:00 local", ORIGIN, "run", ["load: 2 Erlangs", "target: 80%"])
    monkeypatch.setattr(explain, "staffing", lambda *_, **__: found)
    told = ask("explain", "staffing", CALLS, "care", "2024-03-26 10:00").output.splitlines()
    assert told[:2] == ["calls, pool care, 10:00 local", f"plan run from {ORIGIN}"]
    assert [line for line in told if line in found.lines] == found.lines
    assert json.loads(ask("explain", "staffing", CALLS, "care", "x", "--json").output)["lines"] == found.lines


def test_a_link_is_explained_in_lines_and_tables_or_as_json(home, monkeypatch):
    table = pd.DataFrame({"failure": ["none", "n-1:b"], "cost": [12.5, None]})
    found = explain_capacity.ExplainedLink(
        "links",
        "a",
        ORIGIN,
        "run",
        ["peak now: 5 Mbit/s", "step: none"],
        measured=table,
        forecast=table,
        failures=table,
    )
    monkeypatch.setattr(explain_capacity, "capacity", lambda *_, **__: found)
    told = ask("explain", "capacity", "links", "a").output.splitlines()
    assert told[:5] == ["links, a", f"plan run from {ORIGIN}", "", *found.lines]
    titles = ["peaks of the last days:", "peaks ahead:", "with all links up, and with a parallel link failed:"]
    assert [line for line in told if line.endswith(":")] == titles, "no catalogue, no table of it"
    assert told[-3:] == ["failure,cost", "none,12.5", "n-1:b,"]
    answer = ask("explain", "capacity", "links", "a", "--json").output
    as_json = json.loads(answer, parse_constant=pytest.fail)
    assert as_json["lines"] == found.lines
    assert as_json["failures"] == [{"failure": "none", "cost": 12.5}, {"failure": "n-1:b", "cost": None}]
    assert as_json["steps"] == []
