import re
from math import inf

import pytest
from pydantic import ValidationError

from forecasting.config.planning import PlanningSection
from forecasting.config.staffing import StaffingSection


def make(**changes) -> StaffingSection:
    return StaffingSection(**({"aht_stream": "call_aht", "target": "80/20"} | changes))


def test_little_need_be_said():
    rules = make()
    assert (rules.target.share, rules.target.within, str(rules.target)) == (0.8, 20.0, "80/20")
    assert rules.patience == inf
    assert rules.confidence == (0.5, 0.8)
    assert (rules.shrinkage, rules.max_occupancy, rules.min_agents) == (0.0, 1.0, 1)
    assert (rules.pools, rules.groups, rules.shifts) == ({}, {}, ())
    assert PlanningSection().staffing is None


@pytest.mark.parametrize(
    ("text", "share", "within", "written"),
    [
        ("80/20", 0.8, 20, "80/20"),
        ("99.5/10", 0.995, 10, "99.5/10"),
        ("90/0", 0.9, 0, "90/0"),
        ("5/300", 0.05, 300, "5/300"),
    ],
)
def test_targets_are_read_and_written_alike(text, share, within, written):
    target = make(target=text).target
    assert (target.share, target.within) == (pytest.approx(share), within)
    assert str(target) == written


@pytest.mark.parametrize(
    ("text", "seconds"), [("none", inf), ("5min", 300), ("90s", 90), (120, 120), (0.5, 0.5), (inf, inf)]
)
def test_patience_is_a_duration_or_none(text, seconds):
    assert make(patience=text).patience == seconds


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"target": "100/20"}, "share between 0 and 100, both left out, found '100/20'.*99/20 is the nearest"),
        ({"target": "0/20"}, "share between 0 and 100"),
        ({"target": "120/20"}, "share between 0 and 100"),
        ({"target": "80"}, "expected a target such as 80/20 .*found '80'"),
        ({"target": "80/20s"}, "expected a target such as 80/20"),
        ({"target": "-80/20"}, "expected a target such as 80/20"),
        ({"target": {"share": 1.0, "within": 20}}, "target.share"),
        ({"target": {"share": 0.8, "within": -1}}, "target.within"),
        ({"target": {"share": 0.8, "within": 20, "witin": 30}}, "target.witin"),
        ({"patience": 0}, "patience.*greater than 0"),
        ({"patience": "0s"}, "patience.*expected a duration"),
        ({"patience": -5}, "patience.*greater than 0"),
        ({"patience": float("nan")}, "patience.*greater than 0"),
        ({"patience": "a while"}, "patience.*expected a duration"),
        ({"shrinkage": 1}, "shrinkage.*less than 1"),
        ({"shrinkage": 1.5}, "shrinkage.*less than 1"),
        ({"shrinkage": -0.1}, "shrinkage.*greater than or equal to 0"),
        ({"confidence": ()}, "confidence.*at least 1 item"),
        ({"confidence": (0.8, 0.5)}, r"confidence must ascend, each level once, found \[0.8, 0.5\]"),
        ({"confidence": (0.5, 0.5)}, "confidence must ascend"),
        ({"confidence": (0.0, 0.5)}, "confidence.*greater than 0"),
        ({"confidence": (0.5, 1.0)}, "confidence.*less than 1"),
        ({"max_occupancy": 0}, "max_occupancy.*greater than 0"),
        ({"max_occupancy": 1.1}, "max_occupancy.*less than or equal to 1"),
        ({"min_agents": -1}, "min_agents.*greater than or equal to 0"),
        ({"min_agents": 1.5}, "min_agents.*integer"),
        ({"patients": 5}, "patients.*Extra inputs"),
        ({"pools": {"care": "care.*"}}, "pools.care"),
    ],
)
def test_bad_input_is_named(changes, told):
    with pytest.raises(ValidationError) as raised:
        make(**changes)
    assert len(raised.value.errors()) == 1
    place = ".".join(str(part) for part in raised.value.errors()[0]["loc"])
    message = f"{place} {raised.value.errors()[0]['msg']}"
    assert re.search(told, message, re.DOTALL), message


POOLS = {"care": ("care.*",), "sales": ("sales.*",)}


def test_groups_answer_for_pools_by_name():
    rules = make(pools=POOLS, groups={"both": {"pools": ("care", "sales"), "most": 9}, "one": {"pools": ("care",)}})
    assert rules.groups["both"].most == 9
    assert (rules.groups["one"].cost, rules.groups["one"].most) == (1.0, None)


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        ({"both": {"pools": ("care", "desk")}}, r"groups.both answers for pool 'desk'.*\(pools: care, sales\)"),
        ({"one": {"pools": ("care",)}}, "nobody answers for pool 'sales'"),
        ({"none": {"pools": ()}}, "at least 1 item"),
        ({"both": {"pools": ("care", "sales"), "cost": 0}}, "greater than 0"),
        ({"both": {"pools": ("care", "sales"), "most": -1}}, "greater than or equal to 0"),
    ],
)
def test_bad_groups_are_named(groups, told):
    with pytest.raises(ValidationError, match=told):
        make(pools=POOLS, groups=groups)
