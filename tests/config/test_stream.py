"""Stream definitions: what is read, and what is refused with the file, line and key."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.config.hours import WEEKDAYS, parse_spans, parse_weekdays
from forecasting.config.stream import parse_stream
from forecasting.errors import SettingsError
from forecasting.redaction import redact
from forecasting.terms import format_duration, parse_duration

GOOD = """[stream]
name = "calls"
metric = "calls"
unit = "calls"
interval = "30min"
timezone = "America/Toronto"
horizon = "14d"
[source]
extract = "calls.sql"
start = 2024-01-01
[calendar]
country = "CA"
subdivision = "QC"
[[calendar.hours]]
where = { queue = "chat" }
sun-thu = "07:00-24:00"
sat = "20:00-02:00"
[[calendar.hours]]
mon-fri = "08:00-12:00,13:00-18:00"
holiday = "closed"
[models]
members = ["nbeats", "seasonal"]
"""


def test_good_definition_is_read_whole():
    stream = parse_stream(GOOD, path="calls.toml")
    chat, rest = stream.calendar.hours
    assert stream.steps == 672
    assert stream.interval == timedelta(minutes=30)
    assert chat.where == {"queue": "chat"}
    assert chat.weekdays[WEEKDAYS.index("sat")] == ((20 * 60, 26 * 60),)
    assert chat.weekdays[WEEKDAYS.index("fri")] == ()
    assert chat.holiday is None
    assert rest.weekdays[0] == ((480, 720), (780, 1080))
    assert rest.holiday == ()
    assert stream.models.neural == ("nbeats",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('horizon = "14d"', 'horizon = "100min"', r"calls.toml:1: stream: horizon 1:40:00 is no multiple of interval"),
        (
            "America/Toronto",
            "America/Tronto",
            r"calls.toml:6: stream.timezone: expected an IANA time zone.*'America/Tronto'",
        ),
        ('"30min"', '"25min"', r"calls.toml:1: stream: interval 0:25:00 does not divide a day"),
        ('"30min"', '"soon"', r"calls.toml:5: stream.interval: expected a duration such as 30min.*'soon'"),
        ('"30min"', "30", r"calls.toml:5: stream.interval"),
        ("start = 2024-01-01", 'start = "soon"', r"calls.toml:10: source.start"),
        ('sat = "20:00-02:00"', 'sat = "20:00-08:00"', r"calls.toml:14: .*opening hours overlap on sun at 07:00"),
        ('sat = "20:00-02:00"', 'sun = "20:00-21:00"', r"calls.toml:14: .*sun is given twice"),
        ('sat = "20:00-02:00"', 'sat = "20:00-25:00"', r"expected hours between 00:00 and 24:00"),
        ('sat = "20:00-02:00"', 'sat = "8-12"', r"expected hours such as 07:00-24:00"),
        ("sun-thu", "sonntag", r"expected weekdays such as mon"),
        ("08:00-12:00,13:00", "08:00-14:00,13:00", r"opening hours overlap in"),
        ('where = { queue = "chat" }\n', "", r"two rules hold where = every series"),
        ('country = "CA"', 'country = "XX"', r"calls.toml:11: calendar: no holiday calendar for country 'XX'"),
        ('["nbeats", "seasonal"]', '["nbeats"]', r"members must hold 'seasonal'"),
        ('["nbeats", "seasonal"]', '["prophet", "seasonal"]', r"calls.toml:22: models.members"),
        (
            "[models]",
            '[models]\nfoundation = { kind = "chronos", path = "/srv/weights" }',
            r"calls.toml:22: models.foundation.kind: .*'chronos2', 'timesfm2p5' or 'tirex2'",
        ),
        (
            "[models]",
            '[models]\nfoundation = { kind = "tirex2" }',
            r"calls.toml:22: models.foundation.path: .*required",
        ),
        (
            "[models]",
            '[models]\nfoundation = { kind = "tirex2", path = "" }',
            r"calls.toml:22: models.foundation.path: .*at least 1",
        ),
        ("[models]", '[models]\nfoundation = "chronos2"', r"calls.toml:22: models.foundation: "),
        ('unit = "calls"', 'units = "calls"', r"calls.toml:4: stream.units|stream.unit: Field required"),
        ("[source]", "[source", r"calls.toml: not TOML: .*line 8"),
    ],
)
def test_mistake_names_file_line_and_key(old, new, message):
    assert old in GOOD
    with pytest.raises(SettingsError, match=message) as failure:
        parse_stream(GOOD.replace(old, new), path="calls.toml")
    assert "\n" not in str(failure.value)
    assert failure.value.exit_code == 2


def test_hash_follows_what_shapes_a_model_and_nothing_else():
    hash_of = lambda text: parse_stream(text, path="calls.toml").config_hash  # noqa: E731
    assert hash_of(GOOD) == hash_of(GOOD.replace("start = 2024-01-01", 'start = 2024-01-01\nlookback = "9d"'))
    assert hash_of(GOOD) != hash_of(GOOD.replace('"14d"', '"7d"'))
    assert hash_of(GOOD) != hash_of(GOOD.replace("08:00-12:00", "09:00-12:00"))
    with_weights = GOOD + 'foundation = { kind = "chronos2", path = "/srv/weights" }\n'
    assert len({hash_of(GOOD), hash_of(with_weights), hash_of(with_weights.replace("/srv", "/opt"))}) == 3


@given(st.sampled_from(WEEKDAYS), st.sampled_from(WEEKDAYS))
def test_weekday_ranges_wrap_and_hold_both_ends(first, last):
    days = parse_weekdays(f"{first}-{last}")
    assert days[0] == WEEKDAYS.index(first)
    assert days[-1] == WEEKDAYS.index(last)
    assert all((after - before) % 7 == 1 for before, after in pairwise(days))
    assert len(days) == len(set(days))


@given(st.integers(0, 1439), st.integers(1, 1440))
def test_spans_are_read_as_minutes_and_past_midnight_when_they_end_before_they_start(start, end):
    ((first, last),) = parse_spans(f"{start // 60:02d}:{start % 60:02d}-{end // 60:02d}:{end % 60:02d}")
    assert first == start
    assert last % 1440 == end % 1440
    assert 0 < last - first <= 1440


@given(st.integers(1, 10_000), st.sampled_from(["s", "min", "h", "d"]))
def test_durations_survive_being_written_and_read(number, unit):
    duration = parse_duration(f"{number}{unit}")
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize("text", ["", "0h", "-1h", "1", "h", "1.5h", "1 month"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(text)


def test_a_password_under_a_wrong_key_is_known_as_a_secret_before_anything_is_logged():
    attached = '[source.attach.b]\ntype = "postgres"\nuri = "postgres:host=h"\npassword = "marked-for-the-log"\n'
    with pytest.raises(SettingsError) as caught:
        parse_stream(GOOD + attached, path="calls.toml")
    assert "marked-for-the-log" not in redact(str(caught.value.__cause__))
