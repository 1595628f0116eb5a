"""Pages and pictures that are made from the code are those that the code makes now."""

import runpy

import pytest

from tests.docs.pages import ROOT


@pytest.mark.parametrize(
    ("script", "maker", "made"),
    [("architecture.py", "draw", "architecture.svg"), ("commands.py", "page", "commands.md")],
)
def test_what_is_made_from_the_code_is_current(script, maker, made, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    now = runpy.run_path(str(ROOT / "docs" / script))[maker]()
    assert now == (ROOT / "docs" / made).read_text(encoding="utf-8"), "run `make reference`"
