"""What was published by an instant, and what is said of a night: views and macros over published forecasts."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pytest

from forecasting.settings import Settings, read_settings
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from tests.publications import SERIES, STEPS, ask, day, forecast_files_opened, name_rows, publish_run, write_rows

ROWS = SERIES * STEPS


@pytest.fixture
def lake(settings: Settings) -> Iterator[Lake]:
    with open_lake(settings) as opened:
        yield opened


def as_of(lake: Lake, t: datetime) -> list[tuple]:
    """(stream, origin, run, number, rows) of what was published by t."""
    return ask(
        lake,
        "select stream, origin, run_id, any_value(mean), count(*) from analyst.forecast_as_of($t) group by all "
        "order by 1, 2",
        t=t,
    )


def from_origin(lake: Lake, t: datetime) -> list[tuple]:
    return ask(
        lake,
        "select stream, origin, run_id, published_at, count(*) from analyst.forecast_from_origin($t) group by all "
        "order by 1",
        t=t,
    )


def test_what_was_replaced_is_reached_by_an_instant_before_its_replacement(lake):
    publish_run(lake, "first", day(1), day(1.25), level=1)
    publish_run(lake, "second", day(1), day(5), level=2)
    publish_run(lake, "third", day(1), day(40), level=3)
    assert as_of(lake, day(1.2)) == []
    assert as_of(lake, day(1.25)) == [("usage", day(1), "first", 1.0, ROWS)]
    assert as_of(lake, day(4.9)) == [("usage", day(1), "first", 1.0, ROWS)]
    assert as_of(lake, day(5)) == [("usage", day(1), "second", 2.0, ROWS)]
    assert as_of(lake, day(400)) == [("usage", day(1), "third", 3.0, ROWS)]


def test_every_origin_is_there_as_it_was_published_by_then(lake):
    for night in (1, 2, 3):
        publish_run(lake, f"night-{night}", day(night), day(night + 0.25))
    publish_run(lake, "again-1", day(1), day(2.5))
    assert [(origin, run) for _, origin, run, _, _ in as_of(lake, day(3))] == [
        (day(1), "again-1"),
        (day(2), "night-2"),
    ]


def test_night_is_told_by_its_newest_publication_whenever_that_was_issued(lake):
    publish_run(lake, "night-1", day(1), day(1.25))
    publish_run(lake, "night-3", day(3), day(3.25))
    publish_run(lake, "late-2", day(2), day(100))
    publish_run(lake, "again-2", day(2), day(101))
    assert from_origin(lake, day(0.5)) == []
    assert from_origin(lake, day(1.9)) == [("usage", day(1), "night-1", day(1.25), ROWS)]
    assert from_origin(lake, day(2)) == [("usage", day(2), "again-2", day(101), ROWS)]
    assert from_origin(lake, day(9)) == [("usage", day(3), "night-3", day(3.25), ROWS)]
    assert ask(lake, "select distinct run_id from analyst.forecast_latest") == [("night-3",)]


def test_streams_do_not_disturb_each_other(lake):
    publish_run(lake, "calls-1", day(1), day(1.25), stream="calls")
    publish_run(lake, "links-1", day(1), day(1.5), stream="links")
    publish_run(lake, "links-2", day(2), day(2.25), stream="links")
    assert [row[:3] for row in as_of(lake, day(1.3))] == [("calls", day(1), "calls-1")]
    assert [row[:3] for row in as_of(lake, day(3))] == [
        ("calls", day(1), "calls-1"),
        ("links", day(1), "links-1"),
        ("links", day(2), "links-2"),
    ]
    assert [row[:3] for row in from_origin(lake, day(3))] == [
        ("calls", day(1), "calls-1"),
        ("links", day(2), "links-2"),
    ]


def test_plan_of_a_night_does_not_hide_its_forecast(lake):
    publish_run(lake, "night", day(1), day(1.25))
    name_rows(lake, "plan", day(1), day(1.5), kind="plan")
    name_rows(lake, "plan-ahead", day(2), day(2.5), kind="plan")
    assert [row[:3] for row in as_of(lake, day(9))] == [("usage", day(1), "night")]
    assert [row[:3] for row in from_origin(lake, day(9))] == [("usage", day(1), "night")]
    assert ask(lake, "select distinct run_id from analyst.forecast_latest") == [("night",)]
    assert ask(lake, "select distinct run_id from analyst.forecast_vs_actual") == [("night",)]


def test_rows_that_nobody_published_are_never_shown(lake):
    write_rows(lake, "killed", day(1), level=9)
    assert as_of(lake, day(9)) == []
    publish_run(lake, "night", day(1), day(1.25))
    assert [row[2] for row in as_of(lake, day(9))] == ["night"]


@pytest.mark.parametrize(
    "place",
    [
        "analyst.forecast_latest",
        "analyst.forecast_vs_actual",
        "analyst.forecast_as_of(timestamptz '2025-01-01')",
        "analyst.forecast_from_origin(timestamptz '2025-01-01')",
    ],
)
@pytest.mark.parametrize(("written", "told"), [(True, True), (False, False), (None, False)])
def test_rows_say_whether_their_model_knew_the_future(lake, place, written, told):
    publish_run(lake, "night", day(1), day(1.25), hindsight=written)
    assert ask(lake, f"select distinct hindsight from {place}") == [(told,)]


def test_any_sequence_of_publications_reads_as_a_list_of_them_would(lake):
    """Against a plain loop: publications of 3 origins and 2 streams in random order, asked at instants among them."""
    draw = np.random.default_rng(3)
    published: list[tuple[str, datetime, datetime, str]] = []
    for number in draw.permutation(24):
        stream, origin = str(draw.choice(["calls", "links"])), day(int(draw.integers(3)))
        run_id = f"run-{number}"
        publish_run(lake, run_id, origin, day(int(number)), stream=stream, steps=6)
        published.append((stream, origin, day(int(number)), run_id))
    for t in range(-1, 26, 3):
        newest: dict[tuple[str, datetime], str] = {}
        for stream, origin, at, run_id in sorted(published, key=lambda one: one[2]):
            if at <= day(t):
                newest[stream, origin] = run_id
        assert {row[:2]: row[2] for row in as_of(lake, day(t))} == newest


ONE_SERIES = "stream = 'usage' and series_id = 's1'"
QUESTIONS = {
    "latest": f"select * from analyst.forecast_latest where {ONE_SERIES}",
    "as of": f"select * from analyst.forecast_as_of($t) where {ONE_SERIES} and origin = $origin",
    "from origin": f"select * from analyst.forecast_from_origin($origin) where {ONE_SERIES}",
    "beside actual": f"select * from analyst.forecast_vs_actual where {ONE_SERIES} and origin = $origin",
}


@pytest.fixture(scope="module")
def many_nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with open_lake(read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("nights"))})) as opened:
        for night in range(12):
            for stream in ("usage", "other"):
                publish_run(opened, f"{stream}-{night:02}", day(night), day(night + 0.25), stream=stream)
        yield opened


@pytest.mark.parametrize("name", QUESTIONS)
def test_question_about_one_night_opens_the_file_of_that_night_alone(many_nights, name):
    values = {"origin": day(6), "t": day(9)}
    named = {key: value for key, value in values.items() if f"${key}" in QUESTIONS[name]}
    assert len(ask(many_nights, QUESTIONS[name], **named)) == STEPS
    assert forecast_files_opened(many_nights, QUESTIONS[name], **named) == 1
