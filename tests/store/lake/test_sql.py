"""SQL files: found, read, bound."""

from pathlib import Path

import duckdb
import pytest

from forecasting.errors import QueryError
from forecasting.store.lake.sql import SqlFiles, Statement, first_line, sql_files


def make(text: str) -> Statement:
    return Statement(Path("extract/x.sql"), text)


def test_parameters_are_those_that_the_statement_names():
    assert make("select $since, '$no', $until::date -- $comment").parameters == {"since", "until"}


def test_only_named_parameters_are_bound():
    assert make("select $since").bind(since=1, until=2) == {"since": 1}


def test_unknown_parameter_is_named_with_its_line_and_those_there_are():
    statement = make("-- $feeed in a comment\nselect *\nfrom read_parquet($feeed)")
    with pytest.raises(
        QueryError, match=r"extract/x\.sql:3: parameter \$feeed is not known here; it may name \$feed, \$since"
    ):
        statement.bind(since=1, feed=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [("select 1; select 2", "expected one statement, found 2"), ("", "found 0"), ("selec 1", "not SQL")],
)
def test_file_that_is_no_single_statement_is_refused(text, message):
    with pytest.raises(QueryError, match=message) as failure:
        _ = make(text).parameters
    assert "\n" not in str(failure.value)


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_file_beside_the_definition_comes_before_the_users_folder_and_that_before_the_package(tmp_path):
    beside, own, packaged = tmp_path / "streams", tmp_path / "own", tmp_path / "packaged"
    files = SqlFiles((own, packaged))
    for folder in (packaged, own, beside):
        write(folder, "extract/x.sql", f"select '{folder.name}'")
        assert files.read("extract/x.sql", beside=beside).text == f"select '{folder.name}'"


def test_missing_file_is_named_with_the_places_searched(tmp_path):
    with pytest.raises(
        QueryError, match=rf"extract/x\.sql: no such SQL file; searched {tmp_path}/a/extract, {tmp_path}/b/extract"
    ):
        SqlFiles((tmp_path / "b",)).find("extract/x.sql", beside=tmp_path / "a")


def test_included_file_stands_where_it_is_named_and_is_found_as_any_other(tmp_path):
    part, whole = "a as (select $since as since),\n", "with\n-- include templates/a.sql\nb as (from a)\nfrom b"
    write(tmp_path / "packaged", "templates/a.sql", part)
    write(tmp_path / "own", "x.sql", whole)
    statement = SqlFiles((tmp_path / "packaged",)).read("x.sql", beside=tmp_path / "own")
    assert statement.text == f"with\n{part}b as (from a)\nfrom b"
    assert statement.parameters == {"since"}
    write(tmp_path / "own", "templates/a.sql", part.replace("$since", "$until"))
    assert SqlFiles((tmp_path / "packaged",)).read("x.sql", beside=tmp_path / "own").parameters == {"until"}


def test_a_comment_that_begins_like_an_include_stays_a_comment(tmp_path):
    write(tmp_path, "x.sql", "-- include refunds\nselect 1")
    assert SqlFiles((tmp_path,)).read("x.sql").text == "-- include refunds\nselect 1"


def test_included_file_that_is_missing_is_named(tmp_path):
    write(tmp_path, "x.sql", "with\n-- include templates/a.sql\nb as (select 1)\nfrom b")
    with pytest.raises(QueryError, match=r"templates/a\.sql: no such SQL file"):
        SqlFiles((tmp_path,)).read("x.sql")


def test_folder_lists_each_name_once_in_order_with_the_override_on_top(tmp_path):
    for root, name in (("own", "02.sql"), ("packaged", "02.sql"), ("packaged", "01.sql"), ("packaged", "notes.txt")):
        write(tmp_path / root, f"views/{name}", root)
    files = SqlFiles((tmp_path / "own", tmp_path / "packaged"))
    assert [path.read_text() for path in files.folder("views")] == ["packaged", "own"]


def test_folder_that_does_not_exist_is_not_searched(tmp_path):
    assert tmp_path / "none" not in sql_files(tmp_path / "none").roots
    assert sql_files(tmp_path).roots[0] == tmp_path


PACKAGED = [
    path for root in sql_files(None).roots for path in sorted(root.rglob("*.sql")) if path.parent.name != "templates"
]


@pytest.mark.parametrize("path", PACKAGED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_packaged_file_parses_and_all_but_schema_and_views_are_one_statement(path):
    text = path.read_text(encoding="utf-8")
    statements = duckdb.extract_statements(text)
    if path.parent.name in ("schema", "views"):
        assert statements
    else:
        assert len(statements) == 1


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("select valu from (select 1 as value)", 'Candidate bindings: "value"'),
        ("select * from range(1) as numbers, rangee", 'Did you mean "'),
        (
            "select timestamp '2024-01-01' at time zone 'Mars/Olympus'",
            "Unknown TimeZone 'Mars/Olympus'! Candidate time zones:",
        ),
    ],
)
def test_what_a_name_may_be_meant_to_be_stays_in_the_message(query, hint):
    with duckdb.connect() as connection, pytest.raises(duckdb.Error) as found:
        connection.execute(query)
    assert hint in first_line(found.value)
    assert "\n" not in first_line(found.value)
    assert "LINE 1" not in first_line(found.value)


def test_why_a_csv_file_cannot_be_read_stays_in_the_message_and_its_row_does_not(tmp_path):
    (tmp_path / "rows.csv").write_bytes("name,y\nMontr\xe9al,1\n".encode("latin-1"))
    with duckdb.connect() as connection, pytest.raises(duckdb.Error) as found:
        connection.execute("select * from read_csv($file)", {"file": str(tmp_path / "rows.csv")})
    assert "This file is not utf-8 encoded" in first_line(found.value)
    assert "Original Line" not in first_line(found.value)


def test_first_line_of_an_error_is_never_empty():
    assert first_line(duckdb.Error("one\ntwo")) == "one"
    assert first_line(ValueError()) == "ValueError"
