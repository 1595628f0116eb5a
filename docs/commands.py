"""Writes docs/commands.md from the command line itself: `python docs/commands.py`."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from forecasting.cli.app import app

PAGE = Path(__file__).resolve().parent / "commands.md"
HEAD = """# Commands

Written by `make reference` from the program's own help, which `forecasting COMMAND --help` prints. Every command takes
`forecasting --verbose COMMAND`, which logs each step.
"""


def commands(command: Any, path: str = "forecasting") -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its full name, in the order of the help."""
    context = command.make_context(path, [], resilient_parsing=True)
    if not hasattr(command, "list_commands"):
        yield path, command
        return
    for name in command.list_commands(context):
        yield from commands(command.get_command(context, name), f"{path} {name}")


def section(path: str, command: Any) -> str:
    """Usage, help, arguments and options of a command."""
    context = command.make_context(path, [], resilient_parsing=True)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    records = [one.get_help_record(context) for one in command.get_params(context) if one.name != "help"]
    listed = [f"- `{names}`: {' '.join(text.split())}" for names, text in filter(None, records)]
    return "\n".join([f"## {path}", "", "```", usage, "```", "", inspect.cleandoc(command.help or ""), "", *listed, ""])


def page() -> str:
    """The whole page, the same for the same commands."""
    return "\n".join([HEAD, *(section(path, command) for path, command in commands(get_command(app)))])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
