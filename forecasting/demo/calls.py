"""Calls of a contact centre: queues, the demand that they can expect, and the calls of each half hour."""

import holidays
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.demo.occasions import ZONE, lift, silent

INTERVAL = np.timedelta64(30, "m")
SKILLS = ("care", "tech", "sales", "billing")
REGIONS = ("qc", "on", "bc", "ab", "mb", "sk", "ns", "nb", "nl", "pe")
QUEUES_A_REGION = 10

WEEKDAY = {
    "voice": (1.15, 1.05, 1.0, 1.0, 0.95, 0.65, 0.5),
    "chat": (1.1, 1.05, 1.0, 1.0, 1.0, 0.8, 0.75),
    "desk": (1.15, 1.05, 1.0, 1.0, 0.9, 0.0, 0.0),
}
OPEN_HOURS = {"voice": (0, 24), "chat": (7, 23), "desk": (8, 18)}
CHAT_HOLIDAY_HOURS = (10, 18)
HOLIDAY_FACTOR = {"voice": 0.4, "chat": 0.4, "desk": 0.0}
DAY_NOISE_VARIANCE = 0.01
HANDLE_SIGMA = 0.6
"""Of the logarithm of single handle times."""
EVENING, MONDAY = 0.1, 1.05
"""Calls are so much longer at eight in the evening, and shorter at eight in the morning; and longer on Mondays."""
SHORTER = 0.8
"""What a new tool leaves of the handle time of every twentieth queue, the fifth of them, after half of the period."""
FORGOTTEN = 2e-4
"""Share of calls whose agent never hung up: recorded at more than an hour."""
NUMBERS = ("daily", "growth", "opens", "closes", "shift", "shift_at")


def make_queues(count: int, *, rng: np.random.Generator) -> pd.DataFrame:
    """`count` queues: series_id, region, queue (channel), skill, daily calls, yearly growth, handle time, first and
    last day.

    `opens` and `closes` are shares of the period; the seventh queue opens after half of it and the sixteenth closes
    before its end, the second and ninth shift their level (`shift` from `shift_at` on).
    """
    rows = []
    for number in range(count):
        tier, kind = divmod(number, QUEUES_A_REGION)
        region = REGIONS[tier % len(REGIONS)] + (str(tier // len(REGIONS) + 1) if tier >= len(REGIONS) else "")
        channel, skill = ("voice", "chat")[kind // 4 % 2], SKILLS[kind % 4]
        if kind >= 8:
            channel, skill = "desk", ("business", "wholesale")[kind - 8]
        rows.append((f"{skill}.{channel}.{region}", region, channel, skill))
    queues = pd.DataFrame(rows, columns=["series_id", "region", "queue", "skill"])
    size = queues["queue"].map({"voice": 1100.0, "chat": 650.0, "desk": 160.0}).to_numpy()
    queues["daily"] = size * rng.lognormal(0, 0.45, count)
    queues["growth"] = rng.normal(0.08, 0.12, count)
    queues["handle_seconds"] = rng.uniform(200, 520, count)
    place = np.arange(count) % 20
    queues["opens"] = np.where(place == 6, 0.55, 0.0)
    queues["closes"] = np.where(place == 15, 0.7, 1.0)
    queues["shift"] = np.select([place == 1, place == 8], [1.4, 0.65], 1.0)
    queues["shift_at"] = np.select([place == 1, place == 8], [0.4, 0.6], 1.0)
    return queues


def local_grid(start: str, *, days: int) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
    """UTC and naive local starts (T,) of the half hours of `days` local days; 46 and 50 when the clock changes."""
    ends = pd.date_range(start, periods=2, freq=f"{days}D", tz=ZONE)
    utc = pd.date_range(ends[0].tz_convert("UTC"), ends[1].tz_convert("UTC"), freq="30min", inclusive="left")
    return utc.tz_localize(None).to_numpy("M8[us]"), utc.tz_convert(ZONE).tz_localize(None).to_numpy("M8[us]")


def expected_calls(queues: pd.DataFrame, *, local: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """(N, T) calls expected: size x shape x holidays x growth x level shifts x occasions; 0 where closed."""
    day = local.astype("M8[D]")
    hour = (local - day) / np.timedelta64(1, "h")
    weekday = (day.astype(np.int64) + 3) % 7
    days, which = np.unique(day, return_inverse=True)
    is_holiday = _is_holiday(days)[which]
    shapes = {}
    for queue, holiday_factor in HOLIDAY_FACTOR.items():
        shape = _day_shape(hour, queue=queue) * np.array(WEEKDAY[queue])[weekday]
        shapes[queue] = shape * np.where(is_holiday, holiday_factor, 1.0)
    opens, closes = CHAT_HOLIDAY_HOURS
    shapes["chat"][is_holiday & ((hour < opens) | (hour >= closes))] = 0.0

    share = np.linspace(0, 1, len(local), endpoint=False)
    years = (local - local[0]) / np.timedelta64(365, "D")
    number = {name: queues[name].to_numpy(float)[:, None] for name in queues.columns if name in NUMBERS}
    trend = (1 + number["growth"]) ** years * np.where(share >= number["shift_at"], number["shift"], 1.0)
    alive = (share >= number["opens"]) & (share < number["closes"])
    shape = np.stack([shapes[queue] for queue in queues["queue"]])
    expected: NDArray[np.float64] = number["daily"] * shape * trend * alive
    return expected * lift("call_volume", series=queues, local=local)


def expected_handle(queues: pd.DataFrame, *, local: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """(N, T) mean seconds that calls take: the queue's own x time of day x Mondays x new tool."""
    day = local.astype("M8[D]")
    hour = (local - day) / np.timedelta64(1, "h")
    shape = 1 + EVENING * np.cos(2 * np.pi * (hour - 20) / 24)
    shape = shape * np.where((day.astype(np.int64) + 3) % 7 == 0, MONDAY, 1.0)
    share = np.linspace(0, 1, len(local), endpoint=False)
    has_tool = (np.arange(len(queues)) % 20 == 4)[:, None] & (share >= 0.5)
    expected: NDArray[np.float64] = queues["handle_seconds"].to_numpy()[:, None] * shape
    return expected * np.where(has_tool, SHORTER, 1.0)


def draw_counts(
    expected: NDArray[np.float64], *, queues: pd.DataFrame, local: NDArray[np.datetime64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """(N, T) calls that arrive: Poisson around `expected` times a Gamma factor of the day; none in an outage."""
    _, day = np.unique(local.astype("M8[D]"), return_inverse=True)
    factor = rng.gamma(1 / DAY_NOISE_VARIANCE, DAY_NOISE_VARIANCE, (len(expected), day.max() + 1))
    counts = rng.poisson(expected * factor[:, day])
    return np.where(silent("call_volume", series=queues, local=local), 0, counts)


def _is_holiday(days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    years = {int(str(day)[:4]) for day in days}
    dates = holidays.country_holidays("CA", subdiv="QC", years=years)
    return np.isin(days, np.array(list(dates), dtype="M8[D]"))


def _day_shape(hour: NDArray[np.float64], *, queue: str) -> NDArray[np.float64]:
    """Share of a day's calls in the half hour at `hour`; 0 outside the opening hours."""

    def bumps(at: NDArray[np.float64]) -> NDArray[np.float64]:
        if queue == "chat":
            return np.exp(-(((at - 13) / 3.5) ** 2)) + 1.1 * np.exp(-(((at - 20) / 2.0) ** 2))
        return 0.04 + np.exp(-(((at - 10.5) / 2.2) ** 2)) + 0.85 * np.exp(-(((at - 15.0) / 2.6) ** 2))

    opens, closes = OPEN_HOURS[queue]
    grid = np.arange(48) / 2
    total = bumps(grid[(grid >= opens) & (grid < closes)]).sum()
    return np.where((hour >= opens) & (hour < closes), bumps(hour) / total, 0.0)


def draw_calls(
    queues: pd.DataFrame,
    *,
    counts: NDArray[np.int64],
    handle: NDArray[np.float64],
    utc: NDArray[np.datetime64],
    local: NDArray[np.datetime64],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """One row a call, in order of arrival, for the (N, T) `counts` of the half hours that start at `utc` and `local`.

    handle: (N, T) mean handle time of the calls answered. Returns queue_id, region, queue, skill (categorical),
    arrived_at (local text without offset), handle_seconds, outcome. An abandoned call has no handle time, a forgotten
    one an absurd one.
    """
    cell = np.repeat(np.arange(counts.size), counts.ravel())
    second = rng.integers(0, 1800, len(cell))
    row, column = np.divmod(cell, counts.shape[1])
    order = np.lexsort((second, utc[column]))
    row, column, second = row[order], column[order], second[order]

    draw = rng.random(len(cell))
    abandoned, forgotten = draw < 0.05, draw > 1 - FORGOTTEN
    seconds = handle[row, column] * rng.lognormal(-(HANDLE_SIGMA**2) / 2, HANDLE_SIGMA, len(cell))
    seconds = np.where(forgotten, 3600 + 60 * seconds, seconds)
    labels = {
        name: pd.Categorical(queues[source].to_numpy()[row])
        for name, source in (("queue_id", "series_id"), ("region", "region"), ("queue", "queue"), ("skill", "skill"))
    }
    return pd.DataFrame(
        labels
        | {
            "arrived_at": np.datetime_as_string(local[column] + second * np.timedelta64(1_000_000, "us"), unit="s"),
            "handle_seconds": np.where(abandoned, np.nan, seconds).astype(np.float32),
            "outcome": pd.Categorical(np.where(abandoned, "abandoned", "answered")),
        }
    )
