"""Databases that `--from` names: where they are, and what of that may be written down."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from forecasting.config.sections import Attachment
from forecasting.errors import SettingsError
from forecasting.redaction import redact
from forecasting.settings import Settings
from forecasting.store.files.feeds import expand_feed
from forecasting.store.texts import toml_text

_KINDS = ("postgres", "duckdb", "sqlite")
_RESERVED = ("lake", "main", "memory", "system", "temp", "feed")
_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Database:
    """A database under the name that an extract calls it by."""

    alias: str
    attachment: Attachment

    def as_toml(self) -> str:
        """The table of the definition that attaches it."""
        return (
            f"\n[source.attach.{self.alias}]\n"
            f'type = "{self.attachment.type}"\nuri = "{toml_text(self.attachment.uri)}"\n'
        )


def read_database(settings: Settings, text: str) -> Database:
    """What `--from` names: `postgres:CONNECTION`, `duckdb:FILE` or `sqlite:FILE`.

    Raises SettingsError for anything else, a file that is not there, or a connection with a secret in it, for it is
    written into the definition.
    """
    kind, _, place = text.partition(":")
    if kind == "postgresql":
        kind, place = "postgres", text
    if kind not in _KINDS or not place:
        raise SettingsError(
            f"--from {text}: expected postgres:CONNECTION, duckdb:FILE or sqlite:FILE, such as "
            "'postgres:host=db dbname=crm user=reader'"
        )
    if redact(place) != place:
        raise SettingsError(
            f"--from {text}: it holds a secret, which would be written into the definition; keep the password in "
            "~/.pgpass or PGPASSWORD, or write the name of a variable, such as 'password=${CRM_PASSWORD}'"
        )
    missing = next((name for name in _VARIABLE.findall(place) if name not in os.environ), None)
    if missing:
        raise SettingsError(f"--from {text}: environment variable {missing} is not set")
    if kind == "postgres":
        return Database(_alias(_database_name(place)), Attachment(type="postgres", uri=place))
    path = _find_file(settings, place)
    return Database(_alias(Path(place).stem), Attachment.model_validate({"type": kind, "uri": path}))


def _find_file(settings: Settings, place: str) -> str:
    """The file below FORECASTING_HOME, as a definition reads it, else in the current folder."""
    below, here = Path(expand_feed(settings, place)), Path(place).absolute()
    if below.is_file():
        return place
    if here.is_file():
        return str(here)
    raise SettingsError(f"--from {place}: no file {below}")


def _database_name(connection: str) -> str:
    found = re.search(r"\bdbname\s*=\s*'?([^\s']+)", connection) or re.search(r"//[^/]*/([^?]+)", connection)
    return found[1] if found else "source"


def _alias(name: str) -> str:
    plain = re.sub(r"\W+", "_", name.lower(), flags=re.ASCII).strip("_") or "source"
    return f"{plain}_db"[:63] if plain in _RESERVED or not plain[0].isalpha() else plain[:63]
