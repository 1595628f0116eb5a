"""Loads of pools for tests."""

import numpy as np
from scipy.stats import norm

from forecasting.config.staffing import StaffingSection
from forecasting.planning.queues.service_table import Service, ServiceTable
from forecasting.planning.staffing.loads import PoolLoad

HALF_HOUR = 1800.0
START = np.datetime64("2026-03-02T08:00")


def make_rules(**changes) -> StaffingSection:
    return StaffingSection(**({"aht_stream": "call_aht", "target": "80/20", "min_agents": 0} | changes))


def make_service_table(rules: StaffingSection, *, shortest: float = 300.0, longest: float = 300.0) -> ServiceTable:
    service = Service(rules.target.share, rules.target.within, rules.patience, HALF_HOUR)
    return ServiceTable(service, shortest=shortest, longest=longest)


def make_pool(load, *, handle=300.0, day=None, ts=None) -> PoolLoad:
    """A pool of (H, S) offered Erlangs; handle: seconds that broadcast with them."""
    load = np.asarray(load, float)
    seconds = np.broadcast_to(np.asarray(handle, float), load.shape)
    work = load * HALF_HOUR
    return PoolLoad(
        pool_id="care",
        ts=START + np.arange(len(load)) * np.timedelta64(30, "m") if ts is None else ts,
        day=np.zeros(len(load), np.int64) if day is None else np.asarray(day),
        calls=work / seconds,
        work=work,
        median_calls=np.median(work / seconds, axis=1),
        usual_handle=seconds.mean(axis=1),
    )


def lognormal(mean, cv: float, *, paths: int = 400) -> np.ndarray:
    """(H, S) loads at evenly spread ranks of a lognormal distribution. mean: (H,)."""
    variance = np.log1p(cv**2)
    normal = norm.ppf((np.arange(paths) + 0.5) / paths)
    return np.atleast_1d(mean)[:, None] * np.exp(np.sqrt(variance) * normal - variance / 2)
