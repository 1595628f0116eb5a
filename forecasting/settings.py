"""Where things are, read once from the environment."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from forecasting.errors import SettingsError
from forecasting.redaction import remember_environment

_KNOWN = {"HOME", "CATALOG", "DATA", "MODELS", "STREAMS", "SQL", "WORKERS"}


MOST_WORKERS = 32
"""Wide maps are slow in Airflow."""


class Settings(BaseModel):
    """Locations of the lake, the models, the stream definitions and their SQL."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path
    """Relative feed paths start here."""
    catalog: str
    """`sqlite:PATH` or `postgres:CONNECTION`."""
    data: str
    """Folder or `s3://` prefix that holds the lake's Parquet files."""
    models: Path
    streams: Path
    """Users' own stream definitions with their SQL beside them; may be absent."""
    sql: Path | None
    """Folder that replaces the packaged SQL."""
    workers: int = 1
    """Airflow tasks that share the forecast of a stream which is too large for one."""

    @property
    def catalog_file(self) -> Path | None:
        """File of an embedded catalog; None where the catalog is a server."""
        kind, _, place = self.catalog.partition(":")
        return Path(place) if kind == "sqlite" else None

    @property
    def writer_lock(self) -> Path | None:
        """File whose lock serialises writers of an embedded catalog; None where the catalog is a server."""
        return self.catalog_file.parent / "writer.lock" if self.catalog_file else None

    def as_environment(self) -> dict[str, str]:
        """Every `FORECASTING_*` variable, so that a process which reads them has these settings.

        A setting without a value is an empty text, which counts as absent: it hides one of the process that starts it.
        """
        return {f"FORECASTING_{name}": str(getattr(self, name.lower()) or "") for name in sorted(_KNOWN)}


def _working_folder() -> Path:
    """The folder that relative paths start in; libraries ask for it too, wherever the home is."""
    try:
        return Path.cwd()
    except OSError as error:
        raise SettingsError(
            f"environment: the working folder is gone or closed to this user ({error.strerror}); change to another one "
            "and run again"
        ) from error


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings of the `FORECASTING_*` variables, with defaults below `FORECASTING_HOME`.

    Raises SettingsError on an unknown variable of that prefix, a catalog of another kind than sqlite and postgres, or a
    working folder that is gone.
    """
    remember_environment(environment)
    given = {
        key.removeprefix("FORECASTING_"): value for key, value in environment.items() if key.startswith("FORECASTING_")
    }
    unknown = sorted(given.keys() - _KNOWN)
    if unknown:
        names = ", ".join(f"FORECASTING_{name}" for name in sorted(_KNOWN))
        raise SettingsError(f"environment: FORECASTING_{unknown[0]} is not a setting; the settings are {names}")
    home = _working_folder() / (given.get("HOME") or ".")
    catalog = given.get("CATALOG") or f"sqlite:{home / 'lake' / 'catalog.sqlite'}"
    kind, _, place = catalog.partition(":")
    if kind not in ("sqlite", "postgres") or not place:
        raise SettingsError(
            f"environment: FORECASTING_CATALOG={catalog!r} is no catalog; expected sqlite:PATH or postgres:CONNECTION"
        )
    if kind == "sqlite":
        catalog = f"sqlite:{home / place}"
    data = given.get("DATA") or str(home / "lake" / "data")
    if "://" not in data:
        data = str(home / data)
    # weights are files even where the data are objects in a store
    beside_data = Path(data).parent / "models" if "://" not in data else home / "lake" / "models"
    return Settings(
        home=home,
        catalog=catalog,
        data=data,
        models=home / given["MODELS"] if given.get("MODELS") else beside_data,
        streams=home / (given.get("STREAMS") or "streams"),
        sql=home / given["SQL"] if given.get("SQL") else None,
        workers=_workers(given.get("WORKERS") or "1"),
    )


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_WORKERS:
        raise SettingsError(f"environment: expected FORECASTING_WORKERS to be 1 to {MOST_WORKERS}, found {text!r}")
    return int(text)
