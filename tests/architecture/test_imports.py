"""The shape of the code, read off its syntax trees: which way imports point, who may touch what."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "forecasting"

FIRST_ROW = {
    *("terms", "errors", "settings", "streams", "quantiles"),
    *("planning_rules", "staffing_rules", "shift_rules", "capacity_rules"),
}
MAY_IMPORT = {
    **dict.fromkeys(FIRST_ROW, FIRST_ROW),
    "contracts": FIRST_ROW,
    "panel": FIRST_ROW,
    "store": FIRST_ROW | {"contracts"},
    "models": FIRST_ROW | {"contracts", "panel"},
    "uncertainty": FIRST_ROW | {"contracts", "panel"},
    "evaluation": FIRST_ROW | {"contracts", "panel"},
    "planning": FIRST_ROW | {"contracts", "panel"},
    "demo": FIRST_ROW | {"contracts", "panel", "store", "models", "evaluation"},
    "jobs": FIRST_ROW | {"contracts", "panel", "store", "models", "uncertainty", "evaluation", "planning", "demo"},
    "console": set(),
    "arguments": set(),
    "model_commands": {"arguments", "console", "settings", "jobs"},
    "past_commands": {"arguments", "console", "settings", "terms", "jobs"},
    "upkeep_commands": {"arguments", "console", "settings", "jobs"},
    "planning_commands": {"arguments", "console", "settings", "terms", "jobs"},
    "cli": {
        *("arguments", "model_commands", "past_commands", "planning_commands", "upkeep_commands"),
        *("console", "errors", "settings", "jobs"),
    },
}
PURE = (
    "contracts",
    "panel",
    "uncertainty",
    "evaluation",
    "planning",
    "models",
    "terms",
    "errors",
    "streams",
    "planning_rules",
    "staffing_rules",
    "shift_rules",
    "capacity_rules",
    "quantiles",
)
IMPURE_LIBRARIES = {"duckdb", "airflow", "os", "pathlib", "requests", "subprocess", "shutil"}
HEAVY_HOMES = {"torch": "models", "darts": "models", "pytorch_lightning": "models", "lightgbm": "models"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def unit(path: Path) -> str:
    """First name below the package: the part of the design that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    own = unit(path)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "forecasting" and len(parts) > 1 and parts[1] not in (own, "__version__"):
            assert parts[1] in MAY_IMPORT[own], f"{own} may not import {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_pure_parts_touch_no_disk_and_heavy_libraries_stay_at_home(path):
    for name in imports(path):
        library = name.split(".")[0]
        assert unit(path) not in PURE or library not in IMPURE_LIBRARIES, f"{path} imports {name}"
        assert unit(path) == HEAVY_HOMES.get(library, unit(path)), f"{path} imports {name}"


def test_cli_and_dags_know_only_jobs_and_settings():
    for path in sorted((ROOT / "dags").glob("*.py")):
        known = {name.split(".")[1] for name in imports(path) if name.startswith("forecasting.")}
        assert known <= {"jobs", "settings"}, path


def test_no_logic_reads_the_clock():
    clock = re.compile(r"\bnow\(|\butcnow\(|\btoday\(|time\.time\(|current_date|current_timestamp", re.IGNORECASE)
    for path in [*modules(), *sorted((ROOT / "sql").rglob("*.sql"))]:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if clock.search(line)]
        if path.name == "session.py":
            assert len(lines) == 1  # the one clock of jobs
        else:
            assert not lines, f"{path}: {lines}"


def test_no_pickle_no_eval_no_global_random_state():
    forbidden = re.compile(r"\bpickle\b|torch\.load\(|(?<!\.)\beval\(|np\.random\.(?!Generator|default_rng)\w+\(")
    for path in modules():
        text = re.sub(r'"""[\s\S]*?"""', "", path.read_text(encoding="utf-8"))
        assert not forbidden.search(text), path


def test_no_sql_is_put_together_around_values():
    statement = re.compile(r"\bf\"\s*(select|insert|delete|update|merge|copy)\b", re.IGNORECASE)
    for path in modules():
        assert not statement.search(path.read_text(encoding="utf-8")), path


def test_sql_files_hold_one_statement_but_for_schema_and_views():
    for path in sorted((ROOT / "sql").rglob("*.sql")):
        if path.parent.name not in ("schema", "views", "templates"):
            assert len(duckdb.extract_statements(path.read_text(encoding="utf-8"))) == 1, path


def test_every_packaged_query_is_used():
    text = "".join(path.read_text(encoding="utf-8") for path in modules())
    own = {"schema", "views", "extract"}  # applied as folders, or named by definitions
    for path in sorted((ROOT / "sql").rglob("*.sql")):
        assert path.parent.name in own or f"{path.parent.name}/{path.name}" in text, f"nobody runs {path}"


def test_files_hold_one_idea_each():
    for path in modules():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 350, path
