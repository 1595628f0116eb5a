"""The documents that people read, and what they quote: commands, SQL, definitions."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path, language: str = "") -> list[str]:
    """Fenced blocks of a language."""
    return blocks_in(text(path), language)


def blocks_in(page: str, language: str = "") -> list[str]:
    """Fenced blocks of a language in a text."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return [block for name, block in found if name == language]


def spans(path: Path) -> list[str]:
    """Inline code, which may run over a line's end."""
    prose = re.sub(r"^```.*?^```$", "", text(path), flags=re.MULTILINE | re.DOTALL)
    return [" ".join(span.split()) for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose)]


def commands_of(block: str) -> list[list[str]]:
    """The command lines of a block, comments left out."""
    lines = [line.strip() for line in block.splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("forecasting ")]


def whole_commands(path: Path) -> list[list[str]]:
    """Command lines that can be typed as they stand: those of fenced blocks."""
    return [command for block in blocks(path) for command in commands_of(block)]


def quoted_commands(path: Path) -> list[list[str]]:
    """Commands in running text, perhaps abridged: ... and square brackets are left out."""
    found = (re.sub(r"\.\.\.$|[\[\]]", "", span) for span in spans(path) if span.startswith("forecasting "))
    return [shlex.split(span.replace('"."', ""))[1:] for span in found]


def find_command(app: Any, words: list[str]) -> tuple[Any, list[str]]:
    """The command that the first words name, and the words after them. AssertionError where there is none."""
    while words and hasattr(app, "commands"):
        if words[0] in ("--verbose", "--help", "COMMAND"):
            return app, []
        assert words[0] in app.commands, f"there is no command {words[0]!r}; there are {', '.join(app.commands)}"
        app, words = app.commands[words[0]], words[1:]
    return app, words


def lake_names(path: Path) -> Iterator[str]:
    """Tables, views and macros of the lake that a page names."""
    found = re.findall(r"\b(?:analyst|history|forecast|planning|evaluation)\.[a-z_]+\b", text(path))
    yield from (one for one in found if not one.endswith((".py", ".sql", ".toml")))
