"""SQL files: where they are, what they say, and which parameters they name."""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb

from forecasting.errors import QueryError
from forecasting.redaction import redact
from forecasting.store.texts import read_text

_PACKAGED = Path(__file__).parents[2] / "sql"
_INCLUDE = re.compile(r"^-- include (templates/\S+\.sql)\r?\n", re.MULTILINE)
_HINTS = ("Did you mean", "Candidate ")
_REPEATS = ("Original Line",)
"""What a message repeats of the file: its row."""
_REPOSITORY = Path(__file__).parents[3] / "sql"


@dataclass(frozen=True)
class Statement:
    """One SQL file of one statement."""

    path: Path
    text: str

    @cached_property
    def parameters(self) -> frozenset[str]:
        """Names of the `$name` parameters. Raises QueryError where the file is no SQL or not one statement."""
        try:
            statements = duckdb.extract_statements(self.text)
        except duckdb.Error as error:
            raise QueryError(f"{self.path}: not SQL: {first_line(error)}") from error
        if len(statements) != 1:
            raise QueryError(f"{self.path}: expected one statement, found {len(statements)}")
        return frozenset(statements[0].named_parameters)

    def fill(self, parts: Mapping[str, str]) -> "Statement":
        """The statement of a template: every `@name@` replaced by text that is SQL, never by a value."""
        return Statement(self.path, re.sub(r"@(\w+)@", lambda match: parts[match[1]], self.text))

    def bind(self, **values: object) -> dict[str, object]:
        """The values that the statement names; it must name no other. Raises QueryError otherwise."""
        unknown = sorted(self.parameters - values.keys())
        if unknown:
            known = ", ".join(f"${name}" for name in sorted(values))
            line = _line_of(self.text, f"${unknown[0]}")
            raise QueryError(f"{self.path}:{line}: parameter ${unknown[0]} is not known here; it may name {known}")
        return {name: values[name] for name in self.parameters}


@dataclass(frozen=True)
class SqlFiles:
    """Folders that are searched for SQL in order: the user's replacement, then the package, then the repository."""

    roots: tuple[Path, ...]

    def find(self, name: str, *, beside: Path | None = None) -> Path:
        """Path of `name` (`extract/calls.sql`), looked for first beside the definition that names it.

        Raises QueryError that lists the places searched.
        """
        places = [root / name for root in ((beside,) if beside else ()) + self.roots]
        for place in places:
            # a link that leads nowhere is here all the same: whoever reads it says so
            if os.path.lexists(place) and not place.is_dir():
                return place
        raise QueryError(f"{name}: no such SQL file; searched {', '.join(str(place.parent) for place in places)}")

    def read(self, name: str, *, beside: Path | None = None) -> Statement:
        """The statement of a file, which `find` looks for."""
        return self.statement(self.find(name, beside=beside))

    def statement(self, path: Path) -> Statement:
        """The statement of a file; a line `-- include NAME` stands for the text of that file."""

        def included(line: re.Match[str]) -> str:
            return read_text(self.find(line[1], beside=path.parent), QueryError)

        return Statement(path, _INCLUDE.sub(included, read_text(path, QueryError)))

    def folder(self, name: str) -> list[Path]:
        """The `.sql` files of a folder in name order; a file in an earlier root replaces its namesake."""
        found: dict[str, Path] = {}
        for root in reversed(self.roots):
            found |= {path.name: path for path in (root / name).glob("*.sql")}
        return [found[key] for key in sorted(found)]


def sql_files(override: Path | None) -> SqlFiles:
    """SQL of the override (`FORECASTING_SQL`), the installed package and the repository, as far as they exist."""
    roots = (override, _PACKAGED, _REPOSITORY)
    return SqlFiles(tuple(root for root in roots if root is not None and root.is_dir()))


def checksum_of(path: Path) -> str:
    """First 16 hex digits of a file's SHA-256, by which a changed view is known."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def first_line(error: Exception) -> str:
    """First line of a library's message and what it says of the cause further down, in one line without secrets.

    Of a faulty CSV file the lines up to the first blank one say which, of a wrong name a later one says what it may be
    meant to be. The rest repeats the statement, which may hold a secret.
    """
    lines = [line.strip() for line in str(error).strip().splitlines()] or [type(error).__name__]
    whole = lines.index("") if "" in lines and "CSV Error" in lines[0] else 1
    kept = [line for line in lines[:whole] if not line.startswith(_REPEATS)]
    kept += [line for line in lines[whole:] if line.startswith(_HINTS)]
    return redact(" ".join(line if line.endswith((".", "!", ":")) else f"{line};" for line in kept).rstrip(";."))


def _line_of(text: str, word: str) -> int:
    for number, line in enumerate(text.splitlines(), start=1):
        if word in line.partition("--")[0]:
            return number
    return 1
