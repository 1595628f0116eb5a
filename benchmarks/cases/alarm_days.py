"""Generated days of streams, with faults on request, as rows of the lake."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import pandas as pd
from scipy.stats import norm

from forecasting.settings import Settings
from forecasting.store.lake.lake import Lake
from forecasting.terms import QUANTILE_COLUMNS, QUANTILES

FIRST = date(2024, 1, 8)
ZONE = ZoneInfo("America/Toronto")
HOURS, REGIONS = 24, ("north", "south", "east", "west")
DAY = timedelta(days=1)
OFF = holidays.country_holidays("CA", subdiv="QC", years=range(2023, 2027))

DEFINITION = """[stream]
name = "{name}"
metric = "calls"
unit = "calls"
interval = "1h"
timezone = "America/Toronto"
horizon = "2d"

[source]
extract = "{name}.sql"
feed = "feeds/*.parquet"
start = 2024-01-01
publication_delay = "15min"

[calendar]
country = "CA"
subdivision = "QC"

[hierarchy]
levels = ["region"]

[models]
members = ["seasonal"]
"""
EXTRACT = "select series_id, ts, y from read_parquet($feed) where ts >= $since and ts < $until\n"

INSERT = {
    "history.series": """
        insert into history.series by name
        select * exclude (region), map {'region': region} as attributes from new_rows
    """
}
"""Of tables whose rows are no frame as it stands."""


@dataclass
class Days:
    """A stream of hourly counts in four regions. Day 0 is `FIRST`; a day is forecast at its first instant."""

    name: str
    seed: int
    series: int

    def __post_init__(self) -> None:
        draws = np.random.default_rng(self.seed)
        self.size = np.exp(draws.normal(3.2, 0.8, self.series))
        self.peak = draws.uniform(10, 16, self.series)
        self.region = np.array([REGIONS[one % len(REGIONS)] for one in range(self.series)])
        self.names = [f"{region}.{number:03d}" for number, region in enumerate(self.region)]
        self.memory = {"all": 0.0, **dict.fromkeys(REGIONS, 0.0)}

    def date_of(self, day: int) -> date:
        return FIRST + day * DAY

    def origin_of(self, day: int) -> datetime:
        """First instant of a day, UTC."""
        start = self.date_of(day)
        return datetime(start.year, start.month, start.day, tzinfo=ZONE).astimezone(UTC)

    def origin_after(self, day: int) -> date:
        """Origin date that knows the whole day."""
        return self.date_of(day + 1)

    def pattern(self, day: int) -> np.ndarray:
        """(series, hours) usual demand of a day that is none of the holidays."""
        when = self.date_of(day)
        week = (1.0, 1.05, 1.02, 1.0, 0.95, 0.55, 0.45)[when.weekday()]
        year = 1 + 0.08 * np.sin(2 * np.pi * when.timetuple().tm_yday / 365) + 0.0003 * day
        hours = np.arange(HOURS)
        shape = 0.08 + np.exp(-0.5 * ((hours - self.peak[:, None]) / 3.5) ** 2)
        return np.asarray(self.size[:, None] * shape * week * year)


def draw_demand(world: Days, day: int) -> np.ndarray:
    """(series, hours) demand of a day; days come one after the other.

    Of a day's level the common part has a scatter of 3% with heavy tails and a memory of 0.5, regions 2.5%, single
    hours 8%; counts scatter about that.
    """
    draws = np.random.default_rng([world.seed, day, 1])
    memory = world.memory
    for name, spread in (("all", 0.03), *((region, 0.025) for region in REGIONS)):
        shock = draws.standard_t(5) * np.sqrt(3 / 5) * spread
        memory[name] = 0.5 * memory[name] + np.sqrt(1 - 0.5**2) * shock
    levels = memory["all"] + np.array([memory[region] for region in world.region])
    usual = world.pattern(day)
    off = 0.45 if world.date_of(day) in OFF else 1.0
    rate = usual * np.exp(levels[:, None] + draws.normal(0, 0.08, usual.shape)) * off
    return draws.poisson(rate).astype(float)


def draw_forecast(world: Days, day: int) -> np.ndarray:
    """(series, hours) median forecast of a day, made when the day before it is known.

    It follows half of that day's common level, knows the pattern of each series to 2% and of a holiday to 10%.
    """
    draws = np.random.default_rng([world.seed, day, 2])
    seen = 0.45 * float(np.exp(draws.normal(0, 0.1))) if world.date_of(day) in OFF else 1.0
    level = np.exp(0.5 * world.memory["all"] + draws.normal(0, 0.02, (world.series, 1)))
    return np.asarray(world.pattern(day) * level * seen)


Fault = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def _half(y: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    y = y.copy()
    y[draws.permutation(len(y))[: len(y) // 2]] = np.nan
    return y


def _stale(y: np.ndarray, _: np.random.Generator) -> np.ndarray:
    y = y.copy()
    y[:, 14:] = np.nan
    return y


def _region(y: np.ndarray, _: np.random.Generator) -> np.ndarray:
    y = y.copy()
    y[:: len(REGIONS)] *= 0.6
    return y


def _stuck(y: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return np.broadcast_to(y.mean(axis=1, keepdims=True), y.shape).copy()


def _shuffled(y: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    return y[draws.permutation(len(y))]


FAULTS: dict[str, Fault | None] = {
    "half of the feed": _half,
    "unit changed": lambda y, _: y * 1000,
    "bias of 10%": lambda y, draws: draws.binomial(y.astype(int), 1 / 1.1).astype(float),
    "holiday missed": lambda y, draws: draws.poisson(0.45 * y).astype(float),
    "clock stands still": _stale,
    "clock an hour off": lambda y, _: np.roll(y, 1, axis=1),
    "events lost": lambda y, draws: draws.binomial(y.astype(int), 0.7).astype(float),
    "a region loses 40%": _region,
    "counters stuck": _stuck,
    "series mixed up": _shuffled,
    "rows rejected": None,
    "fallbacks": None,
    "run takes long": None,
    "nothing published": None,
}
"""What happens to demand; None where something else goes wrong."""


def define_streams(settings: Settings, worlds: Sequence[Days]) -> None:
    settings.streams.mkdir(parents=True, exist_ok=True)
    for world in worlds:
        (settings.streams / f"{world.name}.toml").write_text(DEFINITION.format(name=world.name), encoding="utf-8")
        (settings.streams / f"{world.name}.sql").write_text(EXTRACT, encoding="utf-8")


def write_days(lake: Lake, world: Days, days: int, *, faults: Mapping[int, str]) -> None:
    """The first days of a stream, each as `make_day`, in one transaction. faults: by day."""
    tables = [one for day in range(days) for one in make_day(world, day, fault=faults.get(day))]
    lake.connection.begin()
    for table in dict.fromkeys(name for name, _ in tables):
        lake.connection.register("new_rows", pd.concat([rows for name, rows in tables if name == table]))
        lake.connection.execute(INSERT.get(table, f"insert into {table} by name from new_rows"))
        lake.connection.unregister("new_rows")
    lake.connection.commit()


def make_day(world: Days, day: int, *, fault: str | None = None) -> "Tables":
    """A day's demand, known by the next day's first instant, and the forecast that is issued and published then.

    Days come one after the other. fault: of the demand, the pull or the run; each is known at that instant.
    """
    draws = np.random.default_rng([world.seed, day, 3])
    start, origin, run = world.origin_of(day), world.origin_of(day + 1), f"{world.name}-{day:03d}"
    first = draw_forecast(world, day) if day == 0 else None
    demand = draw_demand(world, day)
    change = FAULTS[fault] if fault else None
    if change is not None:
        demand = change(demand, draws)
    rejects = 0.2 if fault == "rows rejected" else 0.004
    tables = [
        ("history.demand", _demand_rows(world, start, demand, run)),
        ("history.ingests", _pull_rows(world, start, draws, run, rejects=rejects)),
    ]
    if first is not None:
        tables.append(("history.series", _series_rows(world, start, run)))
        tables += _issue(world, start, first, f"{world.name}-first", draws, None)
    if fault != "nothing published":
        tables += _issue(world, origin, draw_forecast(world, day + 1), run, draws, fault)
    return tables


Tables = list[tuple[str, pd.DataFrame]]


def _issue(
    world: Days, origin: datetime, median: np.ndarray, run: str, draws: np.random.Generator, fault: str | None
) -> Tables:
    # the same few series fall back from day to day
    fallen = np.arange(world.series) % 24 == 0 if fault != "fallbacks" else draws.random(world.series) < 0.3
    minutes = float(6 * np.exp(draws.normal(0, 0.15))) * (5 if fault == "run takes long" else 1)
    return [
        ("forecast.forecasts", _forecast_rows(world, origin, median, run, fallen)),
        ("forecast.publications", _publication_rows(world, origin, run)),
        ("forecast.runs", _run_rows(world, origin, run, minutes)),
    ]


def _grid(world: Days, origin: datetime) -> pd.DataFrame:
    stamps = [origin + timedelta(hours=hour) for hour in range(HOURS)]
    return pd.DataFrame({"stream": world.name, "series_id": np.repeat(world.names, HOURS), "ts": stamps * world.series})


def _demand_rows(world: Days, origin: datetime, demand: np.ndarray, run: str) -> pd.DataFrame:
    rows = _grid(world, origin).assign(y=demand.ravel(), run_id=run, loaded_at=origin + DAY)
    rows["available_at"] = rows["ts"] + timedelta(minutes=75)
    return rows[rows["y"].notna()]


def _forecast_rows(world: Days, origin: datetime, median: np.ndarray, run: str, fallen: np.ndarray) -> pd.DataFrame:
    """Two days, the second like the first; bands as wide as all that scatters, counting noise included."""
    rows = pd.concat([_grid(world, origin), _grid(world, origin + DAY)], ignore_index=True)
    middle = np.concatenate([median.ravel(), median.ravel()])
    spread = np.sqrt((0.095 * middle) ** 2 + middle)
    values = {
        name: np.maximum(middle + norm.ppf(q) * spread, 0) for name, q in zip(QUANTILE_COLUMNS, QUANTILES, strict=True)
    }
    step = (rows["ts"] - origin) // timedelta(hours=1) + 1
    tier = np.where(np.tile(np.repeat(fallen, HOURS), 2), "seasonal_naive", "ensemble")
    return rows.assign(run_id=run, origin=origin, horizon_step=step.astype("int32"), mean=middle, tier=tier, **values)


def _publication_rows(world: Days, origin: datetime, run: str) -> pd.DataFrame:
    rows = {"stream": world.name, "origin": origin, "published_at": origin + timedelta(hours=5), "run_id": run}
    rest = {"kind": "nightly", "content_hash": run, "rows": 2 * HOURS * world.series, "complete": True}
    return pd.DataFrame([{**rows, **rest}])


def _run_rows(world: Days, origin: datetime, run: str, minutes: float) -> pd.DataFrame:
    start = origin + timedelta(hours=5)
    rows = {"run_id": run, "kind": "nightly", "stream": world.name, "origin": origin, "status": "published"}
    rest = {"code_version": "x", "started_at": start, "finished_at": start + timedelta(minutes=minutes)}
    return pd.DataFrame([{**rows, **rest}])


def _pull_rows(world: Days, origin: datetime, draws: np.random.Generator, run: str, *, rejects: float) -> pd.DataFrame:
    rows = HOURS * world.series
    share = rejects * np.exp(draws.normal(0, 0.4))
    bad = int(draws.binomial(rows, min(share, 1)))
    span = {"stream": world.name, "since": origin, "until": origin + DAY, "run_id": f"{run}-pull"}
    return pd.DataFrame([{**span, "rows": rows - bad, "versions": rows - bad, "withdrawn": 0, "rejected": bad}])


def _series_rows(world: Days, origin: datetime, run: str) -> pd.DataFrame:
    rows = {"stream": world.name, "series_id": world.names, "valid_from": origin, "known_at": origin, "run_id": run}
    return pd.DataFrame({**rows, "region": world.region})
