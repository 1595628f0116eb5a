"""The morning page in a browser: nothing to complain about, and a fault would be seen."""

import shutil
import subprocess
from pathlib import Path

import pytest

from forecasting.jobs.reports import run as report
from forecasting.settings import Settings
from tests.homes import begin_with
from tests.reported import make_report_home

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]


def open_in_chromium(page: Path, folder: Path) -> tuple[str, list[str]]:
    """The document after its script ran, and what the console printed."""
    assert CHROMIUM is not None
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=2000"]
    ran = subprocess.run(
        [CHROMIUM, *options, f"--user-data-dir={folder}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return ran.stdout, [line for line in ran.stderr.splitlines() if "CONSOLE" in line]


def test_the_console_stays_empty_and_would_not(settings: Settings, tmp_path: Path) -> None:
    begin_with(settings, make_report_home)
    page = Path(report.run(settings, []).page)
    document, console = open_in_chromium(page, tmp_path / "sound")
    assert console == []
    assert 'id="rejects"' in document
    text = page.read_text(encoding="utf-8")
    broken = page.with_name("broken.html")
    broken.write_text(text.replace("</main>", '<img src="https://example.com/x.png"></main>'), encoding="utf-8")
    assert open_in_chromium(broken, tmp_path / "broken")[1]
