"""The plugin in a real API server: who may not see the nightly run is refused, and nothing but reports comes out."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from forecasting.jobs.reports import run as report
from forecasting.settings import read_settings
from tests.airflow.installation import ROOT, Installation
from tests.airflow.scheduler import end_sessions, free_port
from tests.reported import LAST, make_report_home
from tests.waiting import wait_until

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

PASSWORD = "for this test alone"


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)


@dataclass(frozen=True)
class Site:
    url: str
    token: str

    def get(self, path: str, token: str | None = None) -> tuple[int, str, dict[str, str]]:
        """Status, text and headers; with the token of the user unless another one is given."""
        used = self.token if token is None else token
        headers = {"Authorization": f"Bearer {used}"} if used else {}
        try:
            with OPEN.open(urllib.request.Request(f"{self.url}{path}", headers=headers), timeout=60) as answer:
                return answer.status, answer.read().decode(errors="replace"), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace"), dict(error.headers)


@pytest.fixture(scope="module")
def site(installation: Installation) -> Iterator[Site]:
    settings = read_settings(installation.environment)
    make_report_home(settings)
    report.run(settings, [], origin=LAST)
    (settings.home / "reports" / "secret.txt").write_text("not a report", encoding="utf-8")
    passwords = installation.root / "passwords.json"
    passwords.write_text(json.dumps({"ana": PASSWORD}), encoding="utf-8")
    port = free_port()
    own = {
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "dags" / "plugins"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "ana:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
    }
    with (installation.root / "plugin-server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "airflow", "api-server"],
            env=installation.environment | own,
            cwd=installation.root,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        token = wait_until(
            lambda: _log_in(url),
            "the API server",
            moving=lambda: (installation.root / "plugin-server.log").stat().st_size,
            patience=180,
            poll=1.0,
            explain=lambda: (installation.root / "plugin-server.log").read_text(errors="replace")[-3000:],
        )
        yield Site(url, token)
    finally:
        end_sessions([server])


def _log_in(url: str) -> str | None:
    body = json.dumps({"username": "ana", "password": PASSWORD}).encode()
    request = urllib.request.Request(f"{url}/auth/token", data=body, headers={"content-type": "application/json"})
    try:
        with OPEN.open(request, timeout=10) as answer:
            return str(json.loads(answer.read())["access_token"])
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{error.code}: {error.read().decode()}") from error
    except OSError:
        return None


PATHS = ["/reports/", "/reports/status.json", f"/reports/days/{LAST}.html", "/reports/days/index.html"]


@pytest.mark.parametrize("path", PATHS)
def test_who_may_see_the_run_sees_the_reports_and_nobody_else_does(site, path):
    status, text, headers = site.get(path)
    assert status == 200, text
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert site.get(path, token="")[0] == 401
    assert site.get(path, token="not.a.token")[0] in (401, 403)


def test_the_first_page_links_the_newest_report_and_names_every_stream(site):
    _, text, _ = site.get("/reports/")
    assert f'href="days/{LAST}.html"' in text
    for stream in ("people", "links", "peaks"):
        assert stream in text
    _, page, _ = site.get(f"/reports/days/{LAST}.html")
    assert "Can I trust it" in page


@pytest.mark.parametrize(
    "name",
    ["secret.txt", "..%2Fstreams%2Fpeople.toml", "%2e%2e%2fstreams", "2024-03-10.json", "x%00.html", "1999-01-01.html"],
)
def test_nothing_but_reports_comes_out(site, name):
    assert site.get(f"/reports/days/{name}")[0] == 404


def test_nothing_can_be_changed(site):
    for method in ("POST", "PUT", "DELETE"):
        request = urllib.request.Request(
            f"{site.url}/reports/", method=method, data=b"{}", headers={"Authorization": f"Bearer {site.token}"}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            OPEN.open(request, timeout=30)
        assert refused.value.code in (404, 405)


def test_a_run_without_a_report_and_another_dag_are_answered_kindly(site):
    status, text, _ = site.get("/reports/runs/ingest_usage/manual__1/")
    assert (status, "makes no report" in text) == (200, True)
    assert site.get("/reports/runs/nightly_forecast/nope/")[0] == 404


def test_the_plugin_is_in_the_user_interface(site):
    status, text, _ = site.get("/api/v2/plugins")
    assert status in (200, 403), text
    if status == 200:
        (plugin,) = [one for one in json.loads(text)["plugins"] if one["name"] == "forecasting"]
        assert {view["destination"] for view in plugin["external_views"]} == {"nav", "dag_run"}


def test_screenshots_where_chromium_is_installed(site, tmp_path: Path):
    """Chromium shows the page without an error of its own."""
    program = next((path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()), None)
    if program is None:
        pytest.skip("needs Chromium")
    _, text, _ = site.get("/reports/")
    local = tmp_path / "status.html"
    local.write_text(re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text), encoding="utf-8")
    picture = tmp_path / "status.png"
    shot = [program, "--headless", "--no-sandbox", "--disable-gpu", f"--screenshot={picture}", "--window-size=1000,700"]
    subprocess.run([*shot, local.as_uri()], check=True, capture_output=True, timeout=120)
    assert picture.stat().st_size > 5000
