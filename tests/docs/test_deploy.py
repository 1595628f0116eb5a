"""The files of deploy/ name settings, extras and files that exist."""

import re
import subprocess
import tomllib

import pytest

from forecasting.settings import VARIABLES
from tests.docs.pages import ROOT

DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.iterdir() if path.is_file())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_settings_are_those_of_the_program(path):
    assert set(re.findall(r"\bFORECASTING_[A-Z0-9_]+\b", path.read_text(encoding="utf-8"))) <= set(VARIABLES)


def test_the_image_installs_extras_and_copies_files_that_exist():
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = re.search(r'"\.\[([\w,]+)\]"', text)
    assert extras is not None
    assert set(extras[1].split(",")) <= project["optional-dependencies"].keys()
    copied = [word for line in re.findall(r"^COPY (.*)$", text, re.MULTILINE) for word in line.split()[1:-1]]
    assert copied
    assert [word for word in copied if not (ROOT / word).exists()] == []
    assert f":{project['version']} ." in text


def test_compose_reads_variables_that_the_example_sets_and_files_that_exist():
    compose = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    example = (DEPLOY / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+)", compose)) == set(re.findall(r"^(\w+)=", example, re.MULTILINE))
    assert [name for name in re.findall(r"- \./([\w.]+):", compose) if not (DEPLOY / name).exists()] == []


@pytest.mark.parametrize("name", ["init.sh", "databases.sh"])
def test_scripts_are_sound(name):
    subprocess.run(["bash", "-n", DEPLOY / name], check=True)
