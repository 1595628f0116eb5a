"""`forecasting serve`: clients read what was published and nothing else."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from forecasting.errors import QueryError, SettingsError
from forecasting.jobs.reports import serve
from forecasting.settings import Settings, read_settings
from forecasting.store.access.extensions import extension_file
from forecasting.store.lake.open import open_lake
from forecasting.store.queries.served import check_served
from tests.airflow.scheduler import free_port
from tests.homes import begin_with
from tests.reported import NAMES, ORIGINS, make_report_home, publish

needs_quack = pytest.mark.skipif(extension_file("quack") is None, reason="needs pip install 'forecasting[serve]'")
TOKEN = "a-token-for-this-test-alone"
CLIENT = """
import json, sys
import duckdb, duckdb_extensions
address, token, questions = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
connection = duckdb.connect()
duckdb_extensions.import_extension("quack", con=connection)
connection.load_extension("quack")
answers = []
try:
    connection.execute(f"create secret (type quack, token '{token}')")
    connection.execute(f"attach 'quack:{address}' as lake")
except duckdb.Error as error:
    questions, answers = [], [str(error)]
for question in questions:
    try:
        answers.append([[str(value) for value in row] for row in connection.execute(question).fetchall()])
    except duckdb.Error as error:
        answers.append(str(error))
print(json.dumps(answers))
"""


def allowed(query: str) -> bool:
    with duckdb.connect() as connection:
        try:
            check_served(connection, query, macros={("analyst", "forecast_as_of")})
        except QueryError:
            return False
    return True


@pytest.mark.parametrize(
    "query",
    [
        "select * from analyst.streams",
        "from memory.analyst.series_people",
        "with mine as (from analyst.streams) select count(*) from mine",
        "select * from analyst.forecast_as_of(now())",
        "\nselect schema_name, view_name from duckdb_views()",
        "begin transaction",
    ],
)
def test_published_rows_may_be_asked_for(query):
    assert allowed(query)


@pytest.mark.parametrize(
    "query",
    [
        "from forecast.forecasts",
        "from lake.analyst.streams",
        "from '/lake/data/x.parquet'",
        "from analyst.streams, history.demand",
        "select (select count(*) from history.demand)",
        "from read_parquet('x.parquet')",
        "from planning.published_pool_calls(now(), now(), true)",
        "from query('from history.demand')",
        "select getenv('HOME')",
        "from duckdb_secrets()",
        "create table x as select 1",
        "insert into analyst.streams values (1)",
        "select 1; drop view analyst.streams",
        "set threads = 1",
        "call quack_stop('quack:x')",
        "copy (select 1) to 'x.csv'",
        "begin transaction; drop schema analyst",
        "",
    ],
)
def test_nothing_else_may_be_asked_for(query):
    assert not allowed(query)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Settings:
    settings = read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("serve") / "home")})
    begin_with(settings, make_report_home)
    return settings


@pytest.fixture(scope="module")
def address(home: Settings) -> Iterator[str]:
    """Where the home is served."""
    token_file = home.home / "token"
    token_file.write_text(f"{TOKEN}\n", encoding="utf-8")
    found: list[str] = []
    ready, until = threading.Event(), threading.Event()

    def note(address: str, token: str | None) -> None:
        assert token is None
        found.append(address)
        ready.set()

    given = {"port": free_port(), "token_file": token_file, "ready": note, "until": until}
    thread = threading.Thread(target=serve.run, args=(home,), kwargs=given)
    thread.start()
    assert ready.wait(60)
    yield found[0]
    until.set()
    thread.join(60)
    assert not thread.is_alive()


def ask(address: str, *questions: str, token: str = TOKEN) -> list:
    """Answers of a client in a process of its own: rows, or the message of the error."""
    ran = subprocess.run(
        [sys.executable, "-c", CLIENT, address, token, json.dumps(questions)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return list(json.loads(ran.stdout))


@needs_quack
def test_a_client_reads_views_and_macros_and_is_told_why_not(address):
    streams, forecasts, tables, changed, files = ask(
        address,
        "select distinct stream from lake.analyst.forecast_latest order by stream",
        "from lake.query('select count(distinct series_id) from analyst.forecast_as_of(now())')",
        "from lake.query('from forecast.forecasts')",
        "create table lake.main.mine as select 1 as a",
        "from lake.query('from ''/etc/passwd.csv''')",
    )
    assert streams == [["links"], ["peaks"], ["people"]]
    assert forecasts == [[str(len(NAMES) + 2)]]
    assert "forecast.forecasts is not served: expected a view or macro of schema analyst" in tables
    assert "expected one SELECT" in changed
    assert "is not served" in files


@needs_quack
def test_who_has_no_token_reads_nothing(address):
    (answer,) = ask(address, "from lake.analyst.streams", token="another-token-than-that")
    assert "Authentication failed" in answer


@needs_quack
def test_what_is_published_meanwhile_is_seen(home, address):
    question = "select max(origin) > '2024-06-01' from lake.analyst.forecast_latest where stream = 'people'"
    assert ask(address, question) == [[["False"]]]
    with open_lake(home) as lake:
        publish(lake, "people-later", "people", ORIGINS[-1].replace(month=7), names=("care.a",), steps=24)
    assert ask(address, question) == [[["True"]]]


@needs_quack
def test_an_address_that_is_taken_is_an_error_in_one_line(home, address):
    port = int(address.rpartition(":")[2])
    with pytest.raises(SettingsError, match="expected an address of this machine that is free") as raised:
        serve.run(home, port=port, ready=lambda *_: None, until=threading.Event())
    assert "\n" not in str(raised.value)


def test_tokens_and_addresses_that_cannot_be_used_are_refused(settings, tmp_path):
    short = tmp_path / "short"
    short.write_text("abc", encoding="utf-8")
    for path, message in ((short, "at least 16 characters"), (tmp_path / "none", "cannot be read")):
        with pytest.raises(SettingsError, match=message):
            serve.run(settings, token_file=Path(path), ready=lambda *_: None)
    with pytest.raises(SettingsError, match="--host"):
        serve.run(settings, host="a b", ready=lambda *_: None)


def test_which_addresses_others_reach():
    assert [serve.is_open_to_others(host) for host in ("127.0.0.1", "::1", "localhost")] == [False] * 3
    assert serve.is_open_to_others("0.0.0.0")
    assert serve.is_open_to_others("example.org")
