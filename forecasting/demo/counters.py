"""Octet counters of network links: levels of traffic, and cumulative counters that wrap, restart and miss polls."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.demo.occasions import ZONE, silent

POLL_SECONDS = 300
POLLS_AN_HOUR = 12
POLLS_A_DAY = 288
OCTETS_A_MBIT = 125_000

SITES = (
    ("mtl", "qc"),
    ("qbc", "qc"),
    ("tor", "on"),
    ("ott", "on"),
    ("van", "bc"),
    ("cal", "ab"),
    ("wpg", "mb"),
    ("hfx", "ns"),
)
LINKS_A_ROUTER = 8

HOUR_NOISE = 0.08
POLL_NOISE = 0.15
LOST_POLL_SHARE = 0.001
DAYS_BETWEEN_GAPS = 45
DAYS_BETWEEN_RESTARTS = 90

FULL_SHARE = 0.7
"""Of the capacity: a link has run out once its daily peak is expected above it."""
STEEP_GROWTH = (0.5, 1.1)
SOON, LATER = (10, 50), (90, 240)
"""Days from the end of the feed to that day, of links that grow steeply."""
FULL_LOAD = (1.0, 1.15)
"""Daily peak over capacity at the start of the feed, of links that are full."""
SECOND_YEAR = 730


@dataclass(frozen=True)
class Polls:
    """Counters of n links at P polls: what was read, what really flowed, and which polls were answered.

    octets: (n, P) uint64 reading. polled_at, counting_since: (n, P) datetime64[us] UTC. flowed: (n, P) int64 octets
    since the poll before. answered: (n, P) the reading reached the feed. restarted: (n, P) the counter began anew
    since the poll before.
    """

    octets: NDArray[np.uint64]
    polled_at: NDArray[np.datetime64]
    counting_since: NDArray[np.datetime64]
    flowed: NDArray[np.int64]
    answered: NDArray[np.bool_]
    restarted: NDArray[np.bool_]


def make_links(count: int, *, days: int, rng: np.random.Generator) -> pd.DataFrame:
    """`count` links of a feed of `days` days: series_id, region, site, capacity_mbps, counter_bits, load, growth,
    weekend, peak_hour, opens, closes, shift.

    `load` is the mean share of capacity. Every 64th link is an old one with 32-bit counters and 10 or 100 Mbit/s.
    `opens` and `closes` are shares of the period (every 25th link is new, every 40th is retired); `shift` multiplies
    after `shift_at`. Every 16th link grows so steeply that it runs out after the feed's end: one half within the lead
    time of an order (SOON), the other months later (LATER). Every 64th is full from the start.
    """
    number = np.arange(count)
    router = number // LINKS_A_ROUTER
    city = np.array([SITES[index % len(SITES)] for index in router])
    old = number % 64 == 5
    capacity = np.where(
        old, np.where(number % 128 == 5, 10, 100), rng.choice([1_000, 10_000, 40_000], count, p=[0.5, 0.4, 0.1])
    )
    links = pd.DataFrame(
        {
            "series_id": [
                f"{city[n][0]}-core-{router[n] // len(SITES):02d}.ge-0/0/{n % LINKS_A_ROUTER}" for n in number
            ],
            "region": city[:, 1],
            "site": city[:, 0],
            "capacity_mbps": capacity.astype(np.int32),
            "counter_bits": np.where(old, 32, 64).astype(np.int8),
            "load": rng.uniform(0.06, 0.24, count),
            "growth": rng.normal(0.25, 0.2, count),
            "weekend": rng.choice([0.55, 0.95, 1.15], count),
            "peak_hour": rng.choice([11.0, 14.0, 20.5], count),
            "opens": np.where(number % 25 == 12, rng.uniform(0.4, 0.7, count), 0.0),
            "closes": np.where(number % 40 == 17, rng.uniform(0.6, 0.9, count), 1.0),
            "shift": np.where(number % 20 == 3, rng.choice([0.6, 1.5], count), 1.0),
            "shift_at": rng.uniform(0.3, 0.7, count),
        }
    )
    # a generator of its own: what others draw stays as it was
    _run_out(links, days=days, rng=rng.spawn(1)[0])
    return links


def _run_out(links: pd.DataFrame, *, days: int, rng: np.random.Generator) -> None:
    """Let some links grow steeply and others be full, in place."""
    number = np.arange(len(links))
    steep, full = number % 16 == 4, number % 64 == 26
    soon = number % 32 == 4
    growth = np.where(full, 0.1, rng.uniform(*STEEP_GROWTH, len(links)))
    after = np.where(soon, rng.uniform(*SOON, len(links)), rng.uniform(*LATER, len(links)))
    at_start = FULL_SHARE / (1 + growth) ** ((days + after) / 365)
    peak = np.where(full, rng.uniform(*FULL_LOAD, len(links)), at_start)
    special = steep | full
    links.loc[special, "growth"] = growth[special]
    links.loc[special, ["shift", "opens", "closes"]] = 1.0, 0.0, 1.0
    links.loc[special, "load"] = (peak / _peak_of_load(links))[special]


def traffic_level(links: pd.DataFrame, *, start: np.datetime64, days: int) -> NDArray[np.float32]:
    """(n, H) Mbit/s asked for in each hour from `start` (UTC midnight): shape x growth x shift, beyond capacity too."""
    utc = start.astype("M8[h]") + np.arange(days * 24)
    local = pd.DatetimeIndex(utc.astype("M8[us]"), tz="UTC").tz_convert(ZONE)
    hour, weekend = local.hour.to_numpy(), local.day_of_week.to_numpy() >= 5
    day = np.arange(len(utc)) / 24
    shape = _shape(links, hour) * np.where(weekend[None, :], _column(links, "weekend"), 1.0)
    mbps = _column(links, "capacity_mbps") * _column(links, "load") * shape * _trend(links, day, days=days)
    level: NDArray[np.float32] = mbps.astype(np.float32)
    return level


def run_out_days(links: pd.DataFrame, *, days: int) -> NDArray[np.int64]:
    """(n,) day, 0-based from the start of the feed of `days` days, from which on a working day's 95th percentile of
    hours is expected above FULL_SHARE of the capacity, growth going on as before.

    Of a link that is above at the feed's end, the day on which that began; -1 of one that is not within two years after
    it, or retired.
    """
    day = np.arange(days + SECOND_YEAR, dtype=float)
    peak = _column(links, "load") * _peak_of_load(links)[:, None] * _trend(links, day, days=days)
    above = (peak > FULL_SHARE) & (day >= np.floor(_column(links, "opens") * days))
    above[:, :days] = np.logical_and.accumulate(above[:, :days][:, ::-1], axis=1)[:, ::-1]
    found: NDArray[np.int64] = np.where(above.any(axis=1), above.argmax(axis=1), -1)
    found[links["closes"].to_numpy() < 1] = -1
    return found


def _column(links: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return links[name].to_numpy(dtype=float)[:, None]


def _shape(links: pd.DataFrame, hour: NDArray[np.integer]) -> NDArray[np.float64]:
    """(n, H) traffic of a working day's hours over the load."""
    angle = 2 * np.pi * (hour[None, :] - _column(links, "peak_hour")) / 24
    shape: NDArray[np.float64] = np.exp(0.75 * np.cos(angle) + 0.15 * np.cos(2 * angle))
    return shape


def _trend(links: pd.DataFrame, day: NDArray[np.float64], *, days: int) -> NDArray[np.float64]:
    """(n, D) growth x shift, `day` days after the start."""
    grown = (1 + _column(links, "growth")) ** (day / 365)
    trend: NDArray[np.float64] = grown * np.where(day / days >= _column(links, "shift_at"), _column(links, "shift"), 1)
    return trend


def _peak_of_load(links: pd.DataFrame) -> NDArray[np.float64]:
    """(n,) expected 95th percentile of a working day's 24 hours over the load: noise lifts it above the shape's."""
    spread = np.hypot(HOUR_NOISE, POLL_NOISE / np.sqrt(POLLS_AN_HOUR))
    noise = spread * np.random.default_rng(0).standard_normal((2_000, 1, 24))
    kinds, place = np.unique(links["peak_hour"], return_inverse=True)
    hours = _shape(pd.DataFrame({"peak_hour": kinds}), np.arange(24)) * np.exp(noise + POLL_NOISE**2 / 2)
    peak: NDArray[np.float64] = np.quantile(hours, 0.95, axis=2).mean(axis=0)[place]
    return peak


def poll_counters(
    links: pd.DataFrame, *, level: NDArray[np.float32], start: np.datetime64, rng: np.random.Generator
) -> Polls:
    """Read the counters of `links` every five minutes, each link its own 0 to 19 seconds later."""
    shape = (len(links), level.shape[1] * POLLS_AN_HOUR)
    noise = np.repeat(HOUR_NOISE * rng.standard_normal(level.shape, np.float32), POLLS_AN_HOUR, axis=1)
    noise += POLL_NOISE * rng.standard_normal(shape, np.float32)
    mbps = np.repeat(level, POLLS_AN_HOUR, axis=1) * np.exp(noise)
    mbps = np.minimum(mbps, links["capacity_mbps"].to_numpy(np.float32)[:, None])
    flowed = (mbps * np.float32(OCTETS_A_MBIT * POLL_SECONDS)).astype(np.int64)

    seconds = POLL_SECONDS * np.arange(shape[1])[None, :] + rng.integers(0, 20, shape[0])[:, None]
    polled_at = start.astype("M8[us]") + seconds * np.timedelta64(1_000_000, "us")
    octets, counting_since, restarted = _count(flowed, links=links, polled_at=polled_at, rng=rng)
    answered = _answered(links, polled_at=polled_at, rng=rng)
    return Polls(octets, polled_at, counting_since, flowed, answered, restarted)


def hourly_mbps(polls: Polls) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(n, H) true mean over the hour's twelve steps, and where all their polls were answered without a restart."""
    n, count = polls.flowed.shape
    hours = (n, count // POLLS_AN_HOUR, POLLS_AN_HOUR)
    mbps: NDArray[np.float64] = polls.flowed.reshape(hours).sum(axis=2) / (OCTETS_A_MBIT * POLL_SECONDS * POLLS_AN_HOUR)
    step: NDArray[np.bool_] = polls.answered & ~polls.restarted
    step[:, 1:] &= polls.answered[:, :-1]
    step[:, 0] = False
    whole: NDArray[np.bool_] = np.all(step.reshape(hours), axis=2)
    return mbps, whole


def _count(
    flowed: NDArray[np.int64], *, links: pd.DataFrame, polled_at: NDArray[np.datetime64], rng: np.random.Generator
) -> tuple[NDArray[np.uint64], NDArray[np.datetime64], NDArray[np.bool_]]:
    """Readings modulo 2^bits, the start of the running count, where it began anew. Every 40th nears a 64-bit wrap."""
    n, count = flowed.shape
    total = np.cumsum(flowed, axis=1).view(np.uint64)
    first = rng.integers(0, 10**15, n, dtype=np.uint64)
    near_wrap = np.arange(n) % 40 == 7
    # unsigned arithmetic wraps by itself: minus half of what will flow puts the wrap in the middle of the period
    octets = total + np.where(near_wrap, np.uint64(0) - total[:, -1] // np.uint64(2), first)[:, None]
    since = np.repeat(polled_at[:, :1] - np.timedelta64(400, "D"), count, axis=1)
    restarted = np.zeros((n, count), dtype=bool)
    link, poll = np.nonzero(rng.random((n, count // POLLS_A_DAY)) < 1 / DAYS_BETWEEN_RESTARTS)
    for row, at in zip(link, poll * POLLS_A_DAY + rng.integers(1, POLLS_A_DAY, len(poll)), strict=True):
        up = int(rng.integers(5, POLL_SECONDS - 5))
        octets[row, at:] = total[row, at:] - total[row, at] + np.uint64(flowed[row, at] * up // POLL_SECONDS)
        since[row, at:] = polled_at[row, at] - np.timedelta64(up, "s")
        restarted[row, at] = True
    octets[(links["counter_bits"] == 32).to_numpy()] &= np.uint64(2**32 - 1)
    return octets, since, restarted


def _answered(links: pd.DataFrame, *, polled_at: NDArray[np.datetime64], rng: np.random.Generator) -> NDArray[np.bool_]:
    """(n, P) polls that reached the feed: of an active link, not lost, not in a gap or an outage."""
    n, count = polled_at.shape
    share = np.arange(count)[None, :] / count
    answered: NDArray[np.bool_] = (share >= links["opens"].to_numpy()[:, None]) & (
        share < links["closes"].to_numpy()[:, None]
    )
    answered &= rng.random((n, count), np.float32) >= LOST_POLL_SHARE
    link, day = np.nonzero(rng.random((n, count // POLLS_A_DAY)) < 1 / DAYS_BETWEEN_GAPS)
    for row, at in zip(link, day * POLLS_A_DAY + rng.integers(0, POLLS_A_DAY, len(day)), strict=True):
        answered[row, at : at + int(rng.integers(2, 60))] = False
    local = pd.DatetimeIndex(polled_at[0], tz="UTC").tz_convert(ZONE).tz_localize(None).to_numpy()
    return answered & ~silent("link_traffic", series=links, local=local)


def polls_frame(links: pd.DataFrame, *, polls: Polls, day: int) -> pd.DataFrame:
    """The answered polls of the `day`-th UTC day, link by link in time order, as the feed's columns."""
    within = slice(day * POLLS_A_DAY, (day + 1) * POLLS_A_DAY)
    row, poll = np.nonzero(polls.answered[:, within])
    poll += within.start
    labels = {
        name: pd.Categorical.from_codes(codes[row], categories=pd.Index(names))
        for name, source in (("link_id", "series_id"), ("region", "region"), ("site", "site"))
        for codes, names in [np.unique(links[source].to_numpy(str), return_inverse=True)[::-1]]
    }
    return pd.DataFrame(
        labels
        | {
            "capacity_mbps": links["capacity_mbps"].to_numpy()[row],
            "counter_bits": links["counter_bits"].to_numpy()[row],
            "polled_at": pd.DatetimeIndex(polls.polled_at[row, poll], tz="UTC"),
            "counting_since": pd.DatetimeIndex(polls.counting_since[row, poll], tz="UTC"),
            "octets": polls.octets[row, poll],
        }
    )
