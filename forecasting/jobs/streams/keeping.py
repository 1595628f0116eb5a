"""How a stream that was only looked at is kept: its name, and the command that adds it."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from forecasting.jobs.streams.add import NewStream
from forecasting.settings import Settings
from forecasting.store.files.definitions import definition_paths


def free_name(settings: Settings, new: NewStream) -> str:
    """A name for a stream after its feed that no other stream has."""
    place = Path(new.feed or "feed").name.split(".")[0]
    plain = re.sub(r"\W+", "_", place.lower(), flags=re.ASCII).strip("_")[:50]
    name = plain if plain[:1].isalpha() else f"feed_{plain}".rstrip("_")
    taken = definition_paths(settings)
    return next(one for one in [name, *(f"{name}_{number}" for number in range(2, len(taken) + 3))] if one not in taken)


def keep_command(new: NewStream) -> str:
    """The `streams add` that says the same."""
    options: Mapping[str, str | tuple[str, ...] | None] = {
        "feed": new.feed,
        "from": new.database,
        "table": new.table,
        "query": new.query,
        "horizon": new.horizon,
        "timezone": new.timezone,
        "interval": new.interval,
        "series-col": new.series_column,
        "ts-col": new.ts_column,
        "y-col": new.y_column,
        "date-format": new.date_format,
        "decimal": new.decimal,
        "repeats": new.repeats,
        "unit": new.unit,
        "aggregate": new.aggregate,
    }
    words = ["forecasting", "streams", "add", new.name]
    for option, value in options.items():
        for one in (value,) if isinstance(value, str) else value or ():
            words += [f"--{option}", str(one)]
    return shlex.join(words)
