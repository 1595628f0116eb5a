"""Which series one team answers."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from forecasting.errors import SettingsError


def find_pools(
    series_ids: Sequence[str], patterns: Mapping[str, tuple[str, ...]], *, stream: str
) -> dict[str, tuple[str, ...]]:
    """Pools and the series of each, in their order; every series by itself where no pool is defined.

    Raises SettingsError where a pool finds no series, or a series is in two pools: its calls would be answered twice.
    """
    if not patterns:
        return {series: (series,) for series in series_ids}
    found = {
        pool: tuple(series for series in series_ids if any(fnmatchcase(series, one) for one in own))
        for pool, own in patterns.items()
    }
    holder: dict[str, str] = {}
    for pool, members in found.items():
        if not members:
            raise SettingsError(
                f"stream {stream}: planning.staffing.pools.{pool} = {list(patterns[pool])} matches none of "
                f"{len(series_ids)} series, such as {', '.join(list(series_ids)[:3])}; correct the pattern"
            )
        for series in members:
            if series in holder:
                raise SettingsError(
                    f"stream {stream}: series {series} is in the pools {holder[series]} and {pool} of "
                    "planning.staffing.pools; expected one team for each; people of several skills go into groups"
                )
            holder[series] = pool
    return found
