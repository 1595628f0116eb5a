"""What README and docs claim: commands, settings, tables, columns, definitions, paths and links exist as written."""

import re
import tomllib
from typing import get_args

import pytest
from pydantic import BaseModel
from typer.main import get_command

from forecasting.cli.app import app
from forecasting.config.stream import Stream, parse_stream
from forecasting.jobs.staffing.export import COLUMNS
from forecasting.settings import VARIABLES, read_settings
from forecasting.store.lake.open import open_lake
from tests.docs.pages import (
    PAGES,
    ROOT,
    blocks,
    find_command,
    lake_names,
    name,
    quoted_commands,
    spans,
    text,
    whole_commands,
)

README = ROOT / "README.md"
each_page = pytest.mark.parametrize("page", PAGES, ids=name)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """An empty lake with its views."""
    with open_lake(read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("home"))})) as lake:
        yield lake


@each_page
def test_commands_of_blocks_are_accepted_as_they_stand(page):
    for words in whole_commands(page):
        if any(word in ("[OPTIONS]", "COMMAND") or word.startswith("{") for word in words):
            continue  # a usage line
        command, rest = find_command(get_command(app), words)
        command.make_context("forecasting", rest)  # parses, and runs nothing


@each_page
def test_commands_in_running_text_exist_with_their_options(page):
    for words in quoted_commands(page):
        command, rest = find_command(get_command(app), words)
        options = {option for one in command.params for option in one.opts} | {"--help"}
        assert {word for word in rest if word.startswith("--")} <= options, f"forecasting {' '.join(words)}"


@each_page
def test_options_in_running_text_exist_somewhere(page):
    known = {"--from", "--budget", "--home", "--out", "--help"}

    def collect(command) -> None:
        known.update(option for one in command.params for option in (*one.opts, *one.secondary_opts))
        for below in getattr(command, "commands", {}).values():
            collect(below)

    collect(get_command(app))
    for span in spans(page):
        if span.startswith("--"):
            assert span.split()[0] in known, f"{span}: no command has that option"


@each_page
def test_settings_are_those_of_the_program(page):
    known = set(VARIABLES)
    named = set(re.findall(r"\bFORECASTING_[A-Z][A-Z0-9_]*\b", text(page)))
    assert named <= known
    if page == README:
        table = set(re.findall(r"^\| `(FORECASTING_[A-Z0-9_]+)` \|", text(page), re.MULTILINE))
        assert table == known, "README documents every setting"


@each_page
def test_tables_and_views_exist(page, lake):
    rows = lake.connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() union all "
        "select schema_name || '.' || view_name from duckdb_views() union all "
        "select schema_name || '.' || function_name from duckdb_functions() where function_type = 'table_macro'"
    ).fetchall()
    known = {row[0] for row in rows}
    assert "analyst.forecast_as_of" in known
    for found in lake_names(page):
        assert found in known, f"{name(page)} names {found}"
    if page == README:
        views = {one.removeprefix("analyst.") for one in known if one.startswith("analyst.")}
        mentioned = {word for span in spans(page) for word in re.findall(r"[a-z_]+", span)}
        assert views <= mentioned, "README names every view and macro of analysts"


@each_page
def test_columns_named_beside_a_table_are_its_own(page, lake):
    columns: dict[str, set[str]] = {}
    for table, column in lake.connection.execute(
        "select 'analyst.' || object, name from analyst.dictionary union all "
        "select schema_name || '.' || table_name, column_name from duckdb_columns()"
    ).fetchall():
        columns.setdefault(table, set()).add(column)
    for table, meaning in re.findall(r"^\| `([a-z]+\.[a-z_]+)[^|]*\| ([^|]+) \|$", text(page), re.MULTILINE):
        for word in re.findall(r"`([a-z0-9_]{2,})`", meaning):
            assert word in columns[table] or f"analyst.{word}" in columns, f"{name(page)}: {table} has no {word}"


def test_columns_of_the_csv_export_are_documented():
    _, _, table = text(ROOT / "docs" / "staffing.md").partition("| column |")
    named = re.findall(r"`([a-z_]+)`", " ".join(re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)))
    assert tuple(named) == COLUMNS


@each_page
def test_queries_run(page, lake):
    for words in whole_commands(page):
        if words[:1] == ["sql"] and "[OPTIONS]" not in words:
            lake.connection.execute(words[1]).fetchall()


@each_page
def test_definitions_are_valid(page):
    given = "".join(blocks(page, "toml"))
    if not given:
        return
    if "[stream]" not in given:
        lacking = (ROOT / "forecasting" / "definitions" / "link_traffic.toml").read_text(encoding="utf-8")
        lacking, _, _ = lacking.partition("[hierarchy]")
        given = f"{lacking.replace('[planning', '# [planning')}\n{given}"
    parse_stream(given, path=name(page))


def test_every_key_of_a_definition_is_documented():
    """Those of the staffing and capacity sections have pages of their own."""
    page = ROOT / "docs" / "streams.md"
    given = tomllib.loads("".join(blocks(page, "toml")))

    for section, field in Stream.model_fields.items():
        if section == "planning":
            continue
        kinds = [field.annotation, *get_args(field.annotation)]
        (kind,) = (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
        assert kind.model_fields.keys() <= given[section].keys()


@each_page
def test_links_resolve(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", text(page)):
        if "://" not in target:
            file, _, anchor = target.partition("#")
            aim = (page.parent / file).resolve() if file else page
            assert aim.exists(), f"{name(page)} links {target}"
            if anchor:
                heads = re.findall(r"^#+ (.*)$", text(aim), re.MULTILINE)
                assert anchor in {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=name)
def test_paths_exist(page):
    """Inline code that looks like a path of this repository: with a folder, and an ending or a slash at its end."""
    users = ("streams/", "feeds/", "HOME/", "lake/", "demo/")
    for span in spans(page):
        if re.fullmatch(r"[\w.-]+(/[\w.*-]+)*/?", span) and re.search(r"/$|/.*\.(py|sql|toml|md|svg|yaml)$", span):
            if span.startswith(users) or re.search("NAME|NNNN", span):
                continue
            places = (ROOT, ROOT / "forecasting", page.parent)
            assert any(list(place.glob(span.rstrip("/"))) for place in places), f"{name(page)} names {span}"


def test_every_place_of_the_architecture_table_exists():
    rows = re.findall(r"^\| (?!X |-)([^|]+) \| ([^|]+) \|$", text(ROOT / "docs" / "architecture.md"), re.MULTILINE)
    assert len(rows) >= 20
    for question, answer in rows:
        places = [place for place in re.findall(r"`([^`]+)`", answer) if "/" in place or place.endswith(".py")]
        assert places or "definition" in answer, question
        for place in places:
            assert (ROOT / place).exists() or (ROOT / "forecasting" / place).exists(), f"{question}: {place}"


@each_page
def test_make_targets_exist(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    lines = [line for block in blocks(page) for line in block.splitlines()] + spans(page)
    named = {match[1] for line in lines if (match := re.match(r"make ([a-z]+)\b", line))}
    assert named <= targets
