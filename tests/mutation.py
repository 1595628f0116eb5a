"""Breaks the code in small ways, one at a time, and shows what no test notices: `python tests/mutation.py MODULE ...`.

Works on a copy of the repository. Every mutant runs the tests that mirror its module, which must pass on the copy as it
is; a mutant that survives them is either equal to the original in effect, or shows that an assertion is missing. Each
run of the tests is a fork of this process, which has imported the libraries once, with a limit of processor time.
"""

import argparse
import ast
import copy
import importlib
import os
import random
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COPIED = ("forecasting", "tests", "benchmarks", "dags", "sql", "docs", "README.md", "pyproject.toml")
LIBRARIES = ("pandas", "scipy.stats", "scipy.optimize", "scipy.sparse", "hypothesis", "lightgbm", "pydantic", "duckdb")
INTERVALS = "tests/models/test_intervals.py"
BESIDE = {"models/seasonal": [INTERVALS], "models/profile.py": [INTERVALS], "models/trees": [INTERVALS]}
"""Tests of modules that lie elsewhere, by how the module's path begins."""
COMPARISONS: dict[type, type] = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
COMPARISONS |= {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
OPERATORS: dict[type, type] = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
OPERATORS |= {ast.BitAnd: ast.BitOr, ast.FloorDiv: ast.Mult}
SWAPS = (("min", "max"), ("minimum", "maximum"), ("floor", "ceil"), ("any", "all"), ("argmin", "argmax"))
NAMES = dict(SWAPS) | {second: first for first, second in SWAPS}


@dataclass(frozen=True)
class Mutant:
    """A module with one changed place."""

    line: int
    what: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module."""
    tree = ast.parse(source)
    settings = {
        id(part) for statement in tree.body if isinstance(statement, ast.Assign) for part in ast.walk(statement)
    }
    for place, node in enumerate(ast.walk(tree)):
        if what := _change(node, setting=id(node) in settings):
            changed = copy.deepcopy(tree)
            twin = next(own for number, own in enumerate(ast.walk(changed)) if number == place)
            what[1](twin)
            yield Mutant(getattr(node, "lineno", 0), what[0], ast.unparse(changed))


def _change(node: ast.AST, *, setting: bool) -> tuple[str, Callable[[ast.AST], None]] | None:
    """Words for what is done to a node, and what does it to its twin; None where nothing is. setting: of the module."""
    match node:
        case ast.Compare(ops=[first]) if type(first) in COMPARISONS:
            return _put("ops", [COMPARISONS[type(first)]()], type(first), COMPARISONS[type(first)])
        case ast.BinOp(op=op) if type(op) in OPERATORS:
            return _put("op", OPERATORS[type(op)](), type(op), OPERATORS[type(op)])
        case ast.Constant(value=bool(value)):
            return _put("value", not value, value, not value)
        case ast.Constant(value=int(value) | float(value)):
            # a setting that is a little off is no fault, one of twice its value should be
            other = 2 * value if value and (setting or isinstance(value, float)) else value + 1
            return _put("value", other, value, other)
        case ast.If(test=test) | ast.IfExp(test=test):
            return _put("test", ast.UnaryOp(ast.Not(), test), "condition", "negated")
        case ast.UnaryOp(op=ast.USub()):
            return _put("op", ast.UAdd(), "minus", "plus")
        case ast.Attribute(attr=name) if name in NAMES:
            return _put("attr", NAMES[name], name, NAMES[name])
        case ast.Name(id=name, ctx=ast.Load()) if name in NAMES:
            return _put("id", NAMES[name], name, NAMES[name])
    return None


def _put(field: str, value: object, old: object, new: object) -> tuple[str, Callable[[ast.AST], None]]:
    words = (getattr(word, "__name__", word) for word in (old, new))
    return " -> ".join(map(str, words)), lambda node: setattr(node, field, value)


def mirrors(module: Path) -> list[str]:
    """Tests of a module: the files of its name in the folder that mirrors its own, or all of that folder."""
    below = module.relative_to("forecasting")
    folder = Path("tests") / below.parent
    own = sorted(str(file.relative_to(ROOT)) for file in (ROOT / folder).glob(f"test_{module.stem}*.py"))
    beside = [tests for start, tests in BESIDE.items() if below.as_posix().startswith(start)]
    return [*(own or [str(folder)]), *(name for names in beside for name in names)]


def passes(copied: Path, tests: list[str], seconds: int) -> bool:
    """Whether the tests pass within so much processor time."""
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.chdir(copied)
        sys.path[:] = [str(copied), *(path for path in sys.path if Path(path) not in (ROOT, ROOT / "tests"))]
        os._exit(int(pytest.main(["-x", "-p", "no:cacheprovider", "-m", "not slow", *tests])))
    return os.waitpid(child, 0)[1] == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("modules", nargs="+", type=Path, help="files or folders, such as forecasting/ensemble")
    parser.add_argument("--sample", type=int, default=10, help="mutants a module")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--seconds", type=int, default=120, help="processor time of a mutant's tests; more is noticed")
    given = parser.parse_args()
    sys.dont_write_bytecode = True
    os.environ["OMP_NUM_THREADS"] = "1"
    for name in LIBRARIES:
        importlib.import_module(name)
    files = [file for path in given.modules for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copied = Path(folder)
        for name in COPIED:
            if (ROOT / name).exists():
                (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, copied / name)
        for module in (file for file in files if file.name != "__init__.py"):
            for line in judged(copied, module, sample=given.sample, seed=given.seed, seconds=given.seconds):
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()


def judged(copied: Path, module: Path, *, sample: int, seed: int, seconds: int) -> Iterator[str]:
    """The mutants of a module that survive, and how many did not."""
    source, tests = (copied / module).read_text(encoding="utf-8"), mirrors(module)
    if not passes(copied, tests, seconds):
        yield f"{module}: {' '.join(tests)} fail without a mutant"
        return
    every = list(mutants(source))
    drawn = random.Random(seed).sample(every, min(sample, len(every)))
    survivors = []
    for mutant in sorted(drawn, key=lambda mutant: mutant.line):
        (copied / module).write_text(mutant.source, encoding="utf-8")
        if passes(copied, tests, seconds):
            survivors.append(mutant)
            yield f"  survived {module}:{mutant.line}: {mutant.what}"
    (copied / module).write_text(source, encoding="utf-8")
    yield f"{module}: {len(drawn) - len(survivors)} of {len(drawn)} noticed"


if __name__ == "__main__":
    main()
