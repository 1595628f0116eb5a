"""The shape of the code, read off its syntax trees: which way imports point, who may touch what."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import duckdb
import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "forecasting"

GROUND = {"terms", "redaction", "errors", "numerics", "quantiles", "settings"}
RULES = GROUND | {"config", "contracts"}
MATHEMATICS = {"panel", "uncertainty", "planning"}
MAY_IMPORT = {
    "terms": set[str](),
    "redaction": set[str](),
    "errors": {"redaction"},
    "numerics": set[str](),
    "quantiles": {"terms", "numerics"},
    "settings": {"errors", "redaction"},
    "config": GROUND,
    "contracts": GROUND,
    "panel": RULES,
    "uncertainty": RULES,
    "planning": RULES,
    "store": RULES,
    "demo": RULES,
    "models": RULES | MATHEMATICS,
    "pretraining": RULES | MATHEMATICS | {"models"},
    "evaluation": RULES | MATHEMATICS,
    "ensemble": RULES | MATHEMATICS | {"models", "evaluation"},
    "reports": RULES | {"panel"},
    "jobs": RULES | MATHEMATICS | {"models", "evaluation", "ensemble", "store", "reports", "demo"},
    "cli": {"jobs", "settings", "errors", "terms", "redaction"},
}
"""Which parts each part may import, from the ground up: nothing points upward, and no two parts import each other."""
PURE = RULES - {"settings"} | MATHEMATICS | {"models", "evaluation", "ensemble", "reports"}
IMPURE_LIBRARIES = {"duckdb", "airflow", "os", "pathlib", "requests", "subprocess", "shutil", "tempfile"}
HEAVY_HOMES = {
    "torch": {"models", "pretraining"},
    "darts": {"models"},
    "pytorch_lightning": {"models"},
    "lightgbm": {"models"},
}
MOST_PARTS, MOST_FILES, MOST_LINES, MEDIAN_LINES = 22, 14, 300, 100


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
        assert unit(path) in HEAVY_HOMES.get(library, {unit(path)}), f"{path} imports {name}"


def test_cli_and_dags_know_only_jobs_and_settings():
    for path in sorted((ROOT / "dags").glob("*.py")):
        known = {name.split(".")[1] for name in imports(path) if name.startswith("forecasting.")}
        assert known <= {"jobs", "settings", "redaction"}, path


def test_no_logic_reads_the_clock():
    clock = re.compile(r"\bnow\(|\butcnow\(|\btoday\(|time\.time\(|current_date|current_timestamp", re.IGNORECASE)
    for path in [*modules(), *sorted((ROOT / "sql").rglob("*.sql"))]:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if clock.search(line)]
        if path.name in ("session.py", "create_inbox.sql"):
            assert len(lines) == 1  # the one clock of jobs, and the server's: when a planner's row came in
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
    # an extract or a check may include a file
    readers = [*modules(), *(path for name in ("extract", "checks") for path in (ROOT / "sql" / name).glob("*.sql"))]
    text = "".join(path.read_text(encoding="utf-8") for path in readers)
    own = {"schema", "views", "extract", "examples"}  # applied as folders, named by definitions, or for people
    for path in sorted((ROOT / "sql").rglob("*.sql")):
        assert path.parent.name in own or f"{path.parent.name}/{path.name}" in text, f"nobody runs {path}"


def test_the_table_names_every_part_and_has_no_circle():
    parts = {unit(path) for path in modules()} - {"__init__"}
    assert parts == set(MAY_IMPORT)
    assert len([path for path in PACKAGE.iterdir() if not path.name.startswith("__")]) <= MOST_PARTS
    tuple(TopologicalSorter(MAY_IMPORT).static_order())  # raises CycleError


def test_no_module_imports_itself_through_others():
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in modules()}
    graph = {}
    for name, path in names.items():
        found = {module for one in imports(path) for module in (one, one.rpartition(".")[0]) if module in names}
        graph[name] = found - {name}
    tuple(TopologicalSorter(graph).static_order())


def test_folders_hold_no_more_files_than_one_look_takes_in():
    for folder in {path.parent for path in modules()}:
        assert len(list(folder.glob("*.py"))) <= MOST_FILES, folder


def test_files_hold_one_idea_each():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    for path in [*modules(), *sorted((ROOT / "dags").glob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES, path
    assert median(lines.values()) < MEDIAN_LINES
