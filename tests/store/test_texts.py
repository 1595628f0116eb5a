"""Texts that people leave on disk, and what is said of those that cannot be read."""

import os
import tomllib

import pytest

from forecasting.errors import QueryError, SettingsError
from forecasting.store.texts import read_text, toml_text


def test_byte_order_mark_and_line_ends_of_other_systems_are_no_part_of_a_text(tmp_path):
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")
    assert read_text(path, SettingsError) == "a\nb\nc\n"


def test_byte_that_is_not_utf8_is_named_with_its_line(tmp_path):
    path = tmp_path / "x.sql"
    path.write_bytes(b"select 1\n-- cr\xe8me\n")
    with pytest.raises(QueryError, match=r"x\.sql:2: expected UTF-8, found the byte 0xe8; save the file as UTF-8"):
        read_text(path, QueryError)


def test_link_that_leads_nowhere_is_named_with_where_it_leads(tmp_path):
    path = tmp_path / "x.toml"
    path.symlink_to(tmp_path / "gone.toml")
    with pytest.raises(SettingsError, match=r"x\.toml: cannot be read: No such file .*a link to .*gone\.toml"):
        read_text(path, SettingsError)


def test_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.toml")
    with pytest.raises(SettingsError, match="expected a file, found something else"):
        read_text(tmp_path / "x.toml", SettingsError)


def test_file_too_large_for_a_definition_is_not_read(tmp_path):
    path = tmp_path / "x.toml"
    path.touch()
    os.truncate(path, 100_000_000)
    with pytest.raises(SettingsError, match=r"x\.toml: expected a text of at most 1 MB, found 100\.0 MB"):
        read_text(path, SettingsError)


@pytest.mark.parametrize(
    "text", ["Mbit/s", 'a "b" c', "C:\\feeds\\*.csv", "two\nlines\tand\x00\x1b\x7f", "\\", "", "né ☃"]
)
def test_any_text_is_a_string_of_toml(text):
    assert tomllib.loads(f'x = "{toml_text(text)}"') == {"x": text}


def test_a_byte_that_is_no_text_is_named():
    with pytest.raises(SettingsError, match="expected UTF-8"):
        toml_text("pressing \udce9")
