"""Definitions on disk."""

import pytest

from forecasting.errors import ForecastingError, QueryError, SettingsError
from forecasting.store.files.definitions import definition_paths, read_definition, read_definition_file
from tests.feeds import define_stream
from tests.unreadable import DAMAGES


def test_packaged_definitions_are_read_with_all_they_name(settings):
    found = {name: read_definition_file(settings, path) for name, path in definition_paths(settings).items()}
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


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_whatever_is_wrong_with_a_definition_its_file_is_named_in_one_line(settings, damage):
    path = damage(settings, "broken")
    (name,) = [name for name in definition_paths(settings) if name.startswith("broken")]

    def read() -> None:
        definition = read_definition(settings, name)
        assert definition.extract
        assert definition.rejects is None

    with pytest.raises(ForecastingError) as failure:
        read()
    assert (failure.value.exit_code, "\n" in str(failure.value)) == (2, False)
    assert str(failure.value).startswith(str(path))


def test_byte_order_mark_is_no_fault(settings):
    define_stream(settings)
    for kind in ("toml", "sql"):
        path = settings.streams / f"usage.{kind}"
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_definition(settings, "usage").extract.parameters == {"since", "until", "feed"}


def test_files_of_editors_are_no_definitions(settings):
    define_stream(settings)
    (settings.streams / ".#usage.toml").symlink_to("somebody@somewhere:1")
    assert ".#usage" not in definition_paths(settings)


def test_folder_of_definitions_that_cannot_be_listed_is_named(settings):
    settings.streams.parent.mkdir()
    settings.streams.symlink_to(settings.streams)
    with pytest.raises(SettingsError, match=r"streams: expected a folder of definitions, found: Too many levels"):
        definition_paths(settings)


@pytest.mark.parametrize("section", ["staffing", "capacity"])
def test_key_of_an_earlier_version_is_refused_with_its_present_name(settings, section):
    define_stream(settings, tables=f"[planning.{section}]\nrisk = [0.5]\n")
    with pytest.raises(SettingsError, match=rf"usage\.toml:\d+: planning\.{section}\.risk: .* it is called confidence"):
        read_definition(settings, "usage")
