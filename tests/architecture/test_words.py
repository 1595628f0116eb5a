"""The field's own words: what the project once called things in private must not come back.

Prose is everything that a person reads: docstrings, comments, messages, help, SQL, definitions and documents.
Identifiers are the names that Python code defines; a word that is fine in prose can be a bad identifier.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

DETERMINERS = r"a|any|each|every|past|one|that|last|further|these|those|other|whose|its|the|of|by|\d+"
BANNED = {
    r"told": "message, report, known, observed",
    r"(tell|tells|telling)(?![\w\s]{1,30}apart)": "say, report; `tell apart` is distinguish",
    r"teller|tellers": "report, progress",
    r"spoken": "current publication",
    r"(speaks?|spoke|speaking) for": "is current for",
    r"reign|reigns|reigned|reigning": "tenure, is champion since",
    r"spare_nightly|spared": "keep_nightly",
    r"manieth": "every n-th",
    r"its likes": "peers",
    r"carried by|who carried|what carried|carries a series": "produced by",
    r"regret|regrets": "expected delay loss",
    r"load_at_risk": "load_at_confidence",
    r"(past|older than) (its|their) keep": "older than the retention period",
    r"learn_more": "apply_updates",
    r"forget_before": "drop_before",
    rf"({DETERMINERS}) nights?": "daily run, origin",
}
"""Words that stand nowhere, and what takes their place."""

BANNED_NAMES = {
    "said",
    "came",
    "reach",
    "standing",
    "passage",
    "luck",
    "ats",
    "turn",
    "swell",
    "wander",
    "hair",
    "scene",
}
"""Parts of identifiers: predicted, actual, quantile z-score, prior weights, first exceedance, sampling noise, origin
columns, growth deviation, cycle, level drift, epsilon, failure case."""

PLACES = ("forecasting", "dags", "benchmarks", "sql", "docs", "README.md", "CONTRIBUTING.md")
OLD_COLUMNS = {"sql/schema"}
"""Numbered migrations name the columns of their day: only their comments count."""


def texts() -> list[Path]:
    found = [ROOT / place for place in PLACES if (ROOT / place).is_file()]
    for place in PLACES:
        found += [path for path in (ROOT / place).rglob("*") if path.suffix in (".py", ".sql", ".toml", ".md")]
    return sorted(found)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def identifiers(path: Path) -> Iterator[tuple[int, str]]:
    """Every name that a file defines, with its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.FunctionDef(name=defined) | ast.ClassDef(name=defined) | ast.arg(arg=defined):
                yield node.lineno, defined
            case ast.Name(id=defined, ctx=ast.Store()) | ast.Attribute(attr=defined, ctx=ast.Store()):
                yield node.lineno, defined


def parts(identifier: str) -> list[str]:
    """Words of snake_case and CamelCase, in small letters."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", identifier)]


@pytest.mark.parametrize("path", texts(), ids=name)
def test_prose_uses_the_words_of_the_field(path):
    text = path.read_text(encoding="utf-8")
    if path.parent.relative_to(ROOT).as_posix() in OLD_COLUMNS:
        text = "\n".join(line.partition("--")[2] for line in text.splitlines())
    found = []
    for words, instead in BANNED.items():
        # an underscore ends a word as a space does, and a line's end may stand between two words
        pattern = rf"(?<![A-Za-z])(?:{words})(?![A-Za-z])".replace(" ", r"[\s#-]+")
        for match in re.finditer(pattern, text, re.IGNORECASE):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{name(path)}:{line}: {' '.join(match[0].split())!r}; write: {instead}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", [path for path in texts() if path.suffix == ".py"], ids=name)
def test_identifiers_use_the_words_of_the_field(path):
    found = [
        f"{name(path)}:{line}: {defined}"
        for line, defined in identifiers(path)
        if BANNED_NAMES.intersection(parts(defined))
    ]
    assert not found, "\n".join(found)
