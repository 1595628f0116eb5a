"""Streams that read others' history."""

import pytest

from forecasting.errors import SettingsError
from forecasting.jobs.common.sources import check_sources, reads_others
from tests.feeds import define_stream


def define(settings, **reads: list[str]) -> None:
    for name, sources in reads.items():
        define_stream(settings, name, source=f"reads = {sources}".replace("'", '"'))


def test_a_stream_reads_others_where_its_definition_says_so(settings):
    define(settings, usage=[], peak=["usage"])
    assert [reads_others(settings, name) for name in ("usage", "peak", "nope")] == [False, True, False]
    (settings.streams / "peak.toml").write_text("nonsense", encoding="utf-8")
    assert not reads_others(settings, "peak")


def test_sources_that_are_there_and_read_nobody_are_fine(settings):
    define(settings, usage=[], other=[], peak=["usage", "other"])
    for name in ("usage", "peak", "nope", "link_peak"):
        check_sources(settings, name)


@pytest.mark.parametrize(
    ("reads", "told"),
    [
        ({"peak": ["usage"]}, r"peak\.toml: source\.reads: stream 'usage' does not exist; there are .*, peak"),
        ({"peak": ["peak"]}, r"source\.reads: stream 'peak' reads others itself \(peak\)"),
        ({"peak": ["trough"], "trough": ["peak"]}, r"source\.reads: stream 'trough' reads others itself \(peak\)"),
        ({"peak": ["day"], "day": ["usage"], "usage": []}, r"'day' reads others itself \(usage\); expected .* feed of"),
    ],
    ids=["unknown", "itself", "circle", "reader"],
)
def test_a_source_that_is_unknown_or_reads_others_is_named(settings, reads, told):
    define(settings, **reads)
    with pytest.raises(SettingsError, match=told):
        check_sources(settings, "peak")
