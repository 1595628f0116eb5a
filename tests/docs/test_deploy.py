"""The files of deploy/ name settings, extras and files that exist."""

import re
import subprocess
import tomllib

import pytest
import yaml

from forecasting.settings import VARIABLES
from tests.cluster.workers import RECOVERY
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


def test_image_chart_guide_and_trial_agree_on_how_soon_airflow_notices_what_was_lost():
    """The nights of `make faults` run with these."""
    chart = yaml.safe_load((DEPLOY / "values.yaml").read_text(encoding="utf-8"))["config"]["scheduler"]
    named = {f"AIRFLOW__SCHEDULER__{key.upper()}": str(value) for key, value in chart.items()}
    assert named == RECOVERY
    for page in (DEPLOY / "Dockerfile", ROOT / "docs" / "deploy.md"):
        found = re.findall(r"(AIRFLOW__SCHEDULER__\w+)=(\d+)", page.read_text(encoding="utf-8"))
        assert dict(found) == RECOVERY


@pytest.mark.parametrize("name", ["init.sh", "databases.sh"])
def test_scripts_are_sound(name):
    subprocess.run(["bash", "-n", DEPLOY / name], check=True)
