"""When links run out: the first day on which the peak was above its ceiling for long enough, path by path.

Days are counted from the origin's day, 0; a path that holds to the end of its D days has D, "beyond the horizon". So
medians and the like of days are right as long as they are below D.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecasting.config.capacity import CapacitySection, Persistence
from forecasting.numerics import Floats
from forecasting.planning.capacity.busiest import heavy_first_exceedance
from forecasting.planning.capacity.ceilings import ceilings, heavy_ceilings
from forecasting.terms import QUANTILES

Days = NDArray[np.int32]

EPSILON = 1e-9
"""(1 - 0.9) x 200 paths are 20, whatever floating point makes of it."""


def run_out(paths: Floats, capacity: Floats, rules: CapacitySection, *, before: Floats | None = None) -> Days:
    """(n, S) days on which links run out under all rules that hold for them; D where never.

    paths: (n, D, S) peaks; capacity: (n,). before: (n, W) peaks measured until the origin, NaN where missing; trunk
    groups make use of a year of them. With `grade` the earlier of both rules of ITU-T E.520 counts.
    """
    first_exceedance = first_exceedance_day(paths, ceilings(capacity, rules), rules.persistence, before=before)
    if rules.grade is None:
        return first_exceedance
    return np.minimum(first_exceedance, heavy_first_exceedance(paths, heavy_ceilings(capacity, rules), before=before))


def first_exceedance_day(
    paths: Floats, ceiling: Floats, persistence: Persistence, *, before: Floats | None = None
) -> Days:
    """(n, S) first days on which the peak was above its ceiling on `days` of the last `window` days; D where never.

    paths: (n, D, S), no NaN; ceiling: (n,), or (n, D) where it changes. before: (n, W) peaks measured on the days
    before the origin, the last one last; a missing one (NaN) was not above. Its end counts into the first windows,
    against the ceiling of day 0: a link that is past its ceiling at the origin has day 0. On the ceiling is not above.
    """
    ceiling = np.asarray(ceiling, dtype=paths.dtype)
    ceiling = ceiling[:, None] if ceiling.ndim == 1 else ceiling
    window, horizon = persistence.window, paths.shape[1]
    above = paths > ceiling[:, :, None]
    counts: NDArray[np.int16] = np.cumsum(above, axis=1, dtype=np.int16)
    held = counts.copy()
    held[:, window:] -= counts[:, : max(horizon - window, 0)]
    if before is not None and window > 1:
        recent = before[:, -(window - 1) :].astype(paths.dtype)
        known = np.zeros((len(paths), window - 1), dtype=bool)
        known[:, window - 1 - recent.shape[1] :] = recent > ceiling[:, :1]
        # each day one measured day more has left the window
        still = np.cumsum(known[:, ::-1], axis=1)[:, ::-1]
        held[:, : window - 1] += still[:, :horizon, None].astype(np.int16)
    passed = held >= persistence.days
    first_exceedance: Days = np.where(passed.any(axis=1), passed.argmax(axis=1), horizon).astype(np.int32)
    return first_exceedance


def judged_peaks(paths: Floats, persistence: Persistence, *, passed: int = 0, before: Floats | None = None) -> Floats:
    """(n, S) what `persistence` compares with a ceiling: the `days`-th highest peak of the last `window` days.

    It is above a ceiling exactly where `first_exceedance_day` counts the limit as passed on the last of these days.
    paths: (n, D, S), no NaN; passed: days of them that are over; before: (n, W) peaks measured before them, the last
    one last. A day of the paths after these stands in for each measured one that is missing (NaN), so that a gap looks
    like no fall of the peak.
    """
    count, _, draws = paths.shape
    window = persistence.window
    measured = np.full((count, window), np.nan, dtype=paths.dtype)
    if before is not None:
        recent = before[:, -window:]
        measured[:, window - recent.shape[1] :] = recent
    past = np.broadcast_to(measured[:, :, None], (count, window, draws))
    past = np.concatenate([past, paths[:, :passed]], axis=1)[:, passed:]
    lacking = np.isnan(past[:, :, 0]).sum(axis=1)
    ahead = paths[:, passed : passed + int(lacking.max(initial=0))]
    used = np.arange(ahead.shape[1])[None, :] < lacking[:, None]
    low = np.array(-np.inf, dtype=paths.dtype)
    values = np.concatenate([np.where(np.isnan(past), low, past), np.where(used[:, :, None], ahead, low)], axis=1)
    known = np.isfinite(values[:, :, 0]).sum(axis=1)
    rank = np.minimum(persistence.days, known)  # a short horizon may hold fewer days than the rule asks for
    highest = np.sort(values, axis=1)[:, ::-1]
    judged: Floats = np.take_along_axis(highest, (rank - 1)[:, None, None], axis=1)[:, 0]
    return judged


def median_peak(judged: Floats) -> Floats:
    """(n,) the peak that half of the paths reach or pass: above a ceiling exactly where at least half of them are.

    judged: (n, S) of `judged_peaks`.
    """
    half = judged.shape[1] // 2
    median: Floats = np.partition(judged, half, axis=1)[:, half].astype(np.float64)
    return median


def date_quantiles(first_exceedance: Days, levels: Sequence[float] = QUANTILES) -> Days:
    """(n, L) earliest days by which a share `level` of the paths has run out; D where that is beyond the horizon.

    first_exceedance: (n, S) of `run_out`. The lower empirical quantile, so that `probability_by` is at least `level` on
    that day and less on the day before.
    """
    count = first_exceedance.shape[1]
    rank = np.ceil(np.asarray(levels) * count - EPSILON).astype(np.int64) - 1
    found: Days = np.sort(first_exceedance, axis=1)[:, np.clip(rank, 0, count - 1)]
    return found


def probability_by(first_exceedance: Days, day: Sequence[int] | NDArray[np.integer]) -> Floats:
    """(n, B) shares of paths that have run out on or before days (B,) of the horizon, from 0 to D - 1.

    first_exceedance: (n, S) of `run_out`.
    """
    share: Floats = (first_exceedance[:, None, :] <= np.asarray(day)[None, :, None]).mean(axis=2)
    return share
