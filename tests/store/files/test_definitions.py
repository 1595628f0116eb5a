"""Definitions on disk."""

import pytest

from forecasting.errors import QueryError, SettingsError
from forecasting.store.files.definitions import definition_paths, read_definition, read_definitions
from tests.feeds import define_stream


def test_packaged_definitions_are_read_with_all_they_name(settings):
    found = {definition.stream.name: definition for definition in read_definitions(settings)}
    assert {"call_volume", "link_traffic"} <= found.keys()
    for definition in found.values():
        assert definition.extract.parameters <= {"since", "until", "feed"}
        assert definition.rejects is None or definition.rejects.parameters <= {"since", "until", "feed"}


def test_own_definition_replaces_the_packaged_one_of_its_name(settings):
    define_stream(settings, "call_volume", interval="15min")
    definition = read_definition(settings, "call_volume")
    assert definition.path.parent == settings.streams
    assert definition.stream.stream.interval.total_seconds() == 900
    assert definition_paths(settings)["call_volume"] == definition.path


def test_companions_lie_beside_the_extract(settings):
    define_stream(settings)
    definition = read_definition(settings, "usage")
    assert (definition.rejects, definition.audit, definition.events) == (None, None, None)
    for kind in ("rejects", "audit"):
        (settings.streams / f"usage.{kind}.sql").write_text(f"select '{kind}'")
    assert definition.rejects.text == "select 'rejects'"
    assert definition.audit.text == "select 'audit'"


def test_unknown_stream_is_told_with_those_there_are(settings):
    define_stream(settings)
    with pytest.raises(
        SettingsError,
        match=f"stream 'usgae' does not exist; there are .*usage.*FORECASTING_STREAMS .now {settings.streams}",
    ):
        read_definition(settings, "usgae")


def test_file_under_another_name_than_its_stream_is_refused(settings):
    define_stream(settings)
    (settings.streams / "usage.toml").rename(settings.streams / "other.toml")
    with pytest.raises(
        SettingsError, match=r"other\.toml: stream\.name: expected 'other' as the file is called, found 'usage'"
    ):
        read_definition(settings, "other")


def test_missing_extract_is_told_with_the_places_searched(settings):
    define_stream(settings)
    (settings.streams / "usage.sql").unlink()
    with pytest.raises(QueryError, match=rf"usage\.sql: no such SQL file; searched {settings.streams}"):
        _ = read_definition(settings, "usage").extract


def test_one_broken_definition_does_not_hide_the_others(settings):
    define_stream(settings)
    (settings.streams / "broken.toml").write_text("[stream")
    assert read_definition(settings, "usage").stream.name == "usage"
    with pytest.raises(SettingsError, match=r"broken\.toml"):
        read_definition(settings, "broken")
