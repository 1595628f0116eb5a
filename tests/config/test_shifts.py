"""The shift catalogue: what its TOML may say, and what each mistake is told."""

import tomllib
from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from forecasting.config.shifts import Catalogue, ShiftRule, check_grid

FULL = """
[[shifts]]
name = "full"
length = "8h"
starts = "07:00-16:00"
every = "30min"
breaks = [{ length = "30min", from = "3h", to = "5h" }, { length = "15min", from = "6h", to = "7h", paid = true }]
days = 5
consecutive = 5
"""


def read(text: str) -> tuple[ShiftRule, ...]:
    return TypeAdapter(Catalogue).validate_python(tomllib.loads(text)["shifts"])


def shift(**changes) -> ShiftRule:
    return ShiftRule.model_validate({"name": "full", "length": "8h", "starts": "08:00"} | changes)


def test_a_catalogue_is_read_from_toml():
    (full,) = read(FULL)
    assert full.length == timedelta(hours=8)
    assert full.starts == (420, 960)
    assert [one.paid for one in full.breaks] == [False, True]
    assert full.paid == timedelta(hours=7.5)  # only the unpaid break is taken off
    assert full.days_off_together == 2


def test_latest_start_before_the_earliest_lies_past_midnight():
    assert shift(starts="22:00-01:00").starts == (1320, 1500)
    assert shift(starts="08:00").starts == (480, 480)


def test_two_days_off_are_together_unless_said():
    assert len(list(shift(days=5).patterns(range(7), days=5))) == 7
    assert len(list(shift(days=5, least_days_off_together=1).patterns(range(7), days=5))) == 21
    assert shift(days=6).days_off_together == 1


def test_days_in_a_row_are_counted_round_the_week():
    patterns = list(shift(days=4, consecutive=2, least_days_off_together=1).patterns(range(7), days=4))
    assert (0, 1, 3, 4) in patterns
    assert (0, 3, 4, 6) in patterns
    assert (0, 1, 4, 6) not in patterns  # Sunday, Monday and Tuesday


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"starts": "7-16"}, "earliest and latest start such as '07:00-16:00'"),
        ({"starts": "25:00"}, "earliest and latest start"),
        ({"length": "8 hours"}, "expected a duration"),
        ({"lenght": "8h"}, "Extra inputs"),
        ({"days": 8}, "less than or equal to 7"),
        ({"max_share": 0}, "greater than 0"),
        ({"length": "13h"}, "must leave an hour of the day for clock changes"),
        ({"length": "9h", "vary": "4h"}, "must leave an hour of the day"),
        ({"consecutive": 2, "days": 5}, "no week has 5 working days, at most 2 in a row"),
        ({"breaks": [{"length": "30min", "from": "5h", "to": "4h"}]}, "expected to at or after from"),
        ({"breaks": [{"length": "30min", "from": "5h", "to": "450min"}]}, "must end before the shift of 8h does"),
        (
            {"breaks": [{"length": "1h", "from": "2h", "to": "3h"}, {"length": "1h", "from": "3h", "to": "4h"}]},
            "the break from 3h may begin before the one before it ends, up to 4h",
        ),
    ],
)
def test_each_mistake_is_named(changes, message):
    with pytest.raises(ValidationError, match=message):
        shift(**changes)


def test_names_and_shares_are_checked_across_the_catalogue():
    with pytest.raises(ValidationError, match="two shifts are named 'full'"):
        read(FULL + FULL)
    with pytest.raises(ValidationError, match="add up to less than 1"):
        read(FULL + "max_share = 0.5")


def test_times_off_the_grid_of_intervals_are_named():
    check_grid(read(FULL), timedelta(minutes=15))
    with pytest.raises(ValueError, match="shift full: length of break 2 is 15min: expected whole intervals of 30min"):
        check_grid(read(FULL), timedelta(minutes=30))
