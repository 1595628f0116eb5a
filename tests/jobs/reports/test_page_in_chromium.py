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


def open_in_chromium(page: Path, folder: Path) -> subprocess.Popen[str]:
    """A browser of its own that prints the document after its script ran, and what the console says."""
    assert CHROMIUM is not None
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=2000"]
    return subprocess.Popen(
        [CHROMIUM, *options, f"--user-data-dir={folder}", "--dump-dom", page.as_uri()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read(browser: subprocess.Popen[str]) -> tuple[str, list[str]]:
    """The document, and the lines of the console."""
    document, errors = browser.communicate(timeout=120)
    assert browser.returncode == 0, errors
    return document, [line for line in errors.splitlines() if "CONSOLE" in line]


def test_the_console_stays_empty_and_would_not(settings: Settings, tmp_path: Path) -> None:
    begin_with(settings, make_report_home)
    page = Path(report.run(settings, [], split=False).page)
    text = page.read_text(encoding="utf-8")
    broken = page.with_name("broken.html")
    broken.write_text(text.replace("</main>", '<img src="https://example.com/x.png"></main>'), encoding="utf-8")
    # both at once: most of the time is that of a browser that starts
    browsers = [open_in_chromium(one, tmp_path / one.stem) for one in (page, broken)]
    (document, console), (_, complaints) = map(read, browsers)
    assert console == []
    assert 'id="rejects"' in document
    assert complaints
