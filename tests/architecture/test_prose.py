"""Docstrings and messages that an automatic line wrap broke, found on the syntax tree."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [path for part in ("forecasting", "dags", "benchmarks") for path in sorted((ROOT / part).rglob("*.py"))]
WIDTH = 120
A_WORD_MORE = 24
"""Room left at the end of a line, beyond the next word, that no person leaves within a sentence."""

QUOTED_END = re.compile(r'"\s*\n\s*"')


def docstrings(tree: ast.AST) -> Iterator[ast.Constant]:
    """Texts that are statements of their own: of modules, classes, functions and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value


def broken_lines(text: str, *, indent: int) -> Iterator[str]:
    """Lines of a docstring that end long before the margin, though the sentence and its next word go on."""
    if QUOTED_END.search(text):
        yield "a quotation mark and a line end within the text"
    lines = text.splitlines()
    for number, (line, following) in enumerate(pairwise(lines)):
        here, after = line.strip(), following.strip()
        prose = here and after and re.match(r"[a-z]+[ ,.;]", after) and re.search(r"[\w,]$", here)
        if prose and following[:indent].isspace() == (indent > 0) and not following[indent:].startswith(" "):
            used = indent + len(here) + (3 if number == 0 else 0) + 1 + len(after.split()[0])
            if used + A_WORD_MORE <= WIDTH:
                yield f"{here!r} goes on with {after!r}"


def joined(node: ast.AST) -> str | None:
    """A message as it is printed, its values as 0; None for anything but a text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "0" for part in node.values)
    return None


def broken_message(text: str) -> str | None:
    """Why a message reads as if it had been put together wrongly."""
    one_line = "\n" not in text
    if one_line and re.search(r"[a-z,;:]  +[a-z]", text):
        return "two spaces between words"
    if one_line and re.search(r"[a-z][;,][a-z]{2,} [a-z]", text):
        return "no space after a comma or semicolon"
    return None


def short_pieces(source: str) -> Iterator[str]:
    """Pieces of a message that have a line to themselves, of few words and between two others: a wrap wrapped again."""
    piece = re.compile(r'^\s*f?"(?:[^"\\]|\\.)*"$')
    lines = source.splitlines()
    for before, line, after in zip(lines, lines[1:], lines[2:], strict=False):
        if all(piece.match(one) for one in (before, line, after)):
            words = line.strip().removeprefix("f").strip('"')
            if len(words.split()) <= 3 and len(words) < 25 and words.endswith(("; ", ", ")):
                yield line.strip()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_docstring_is_broken_by_a_line_wrap(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [
        f"{path}:{node.lineno}: {fault}"
        for node in docstrings(tree)
        for fault in broken_lines(node.value, indent=node.col_offset)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_message_is_joined_badly(path):
    source = path.read_text(encoding="utf-8")
    texts = ((node.lineno, joined(node)) for node in ast.walk(ast.parse(source)) if joined(node))
    found = [f"{path}:{line}: {text!r}: {broken_message(text)}" for line, text in texts if broken_message(text)]
    found += [f"{path}: a piece of one line: {piece}" for piece in short_pieces(source)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        'Rows that waited and now pass "\n    "are resolved.',
        "A sentence that a wrap has cut\nin its middle, with room left.",
    ],
)
def test_a_wrap_through_a_docstring_is_found(text):
    assert list(broken_lines(text, indent=0))


def test_a_text_that_is_laid_out_on_purpose_is_left_alone():
    assert not list(broken_lines("Params.\n\n    airflow dags trigger\n    and more", indent=0))
    assert not list(broken_lines("One sentence.\nAnother one, on a line of its own.", indent=0))


@pytest.mark.parametrize("text", ["what was  found", "nothing was ingested;see the quarantine"])
def test_a_bad_join_is_found(text):
    assert broken_message(text)
