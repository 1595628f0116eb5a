"""Homes that many tests begin with are made once in a process and copied: a night costs a second, a copy little."""

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

from forecasting.settings import Settings, read_settings
from forecasting.store.lake.marker import MARKER, Marker

Make = Callable[[Settings], object]


def begin_with(settings: Settings, make: Make) -> Settings:
    """Fill an empty home with what `make`, a function of a module, makes of one; nothing of it is shared."""
    copy_home(_made(make), settings)
    return settings


def copy_home(made: Settings, settings: Settings) -> None:
    """Copy a home into an empty one, as whose own lake and data the copy is known."""
    assert made.catalog_file is not None
    assert settings.catalog_file is not None
    place = made.catalog_file.name
    shutil.copytree(made.home, settings.home, ignore=lambda _, names: [one for one in names if one.startswith(place)])
    with closing(sqlite3.connect(made.catalog_file)) as source, closing(sqlite3.connect(settings.catalog_file)) as copy:
        source.backup(copy)
        with copy:
            data = f"{settings.data.rstrip('/')}/"
            copy.execute("update ducklake_metadata set value = ? where key = 'data_path'", [data])
    marker = Path(settings.data) / MARKER
    told = Marker(**json.loads(marker.read_text(encoding="utf-8")))
    own = replace(told, catalog=str(settings.catalog_file.resolve()))
    marker.write_text(json.dumps(asdict(own)) + "\n", encoding="utf-8")


@cache
def _made(make: Make) -> Settings:
    folder = tempfile.TemporaryDirectory(prefix="home-")
    _KEPT.append(folder)
    settings = read_settings({"FORECASTING_HOME": str(Path(folder.name) / "home")})
    make(settings)
    return settings


_KEPT: list[tempfile.TemporaryDirectory[str]] = []
