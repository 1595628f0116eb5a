"""The hierarchy of a stream: which series each group sums, the coarsest groups first.

A group is a path of attribute values from the coarsest level down ("qc/mtl"), so that groups are always a tree: a site
in two regions makes two groups, and a finding names both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from forecasting.errors import SettingsError
from forecasting.numerics import Ints
from forecasting.terms import SeriesFinding

ALL = "all"
"""Level and key of the whole stream."""
SERIES = "series"
"""Level of the series themselves."""
NONE = "(none)"
"""Stands for an unknown attribute in a key."""

Note = tuple[str, SeriesFinding, str]


@dataclass(frozen=True)
class Hierarchy:
    """G groups over N series, by level, then key."""

    levels: tuple[str, ...]
    """From coarse to fine, `all` first, without the series themselves."""
    level: Ints
    """(G,) place in `levels` of each group, ascending."""
    keys: NDArray[np.str_]
    """(G,) "all", else the values down to the level, joined by "/"."""
    summing: sparse.csr_array
    """(G, N) float32, 1 where a group holds a series; each series lies in one group of every level."""
    findings: tuple[Note, ...]
    """(series_id or "level:value", kind, message) of series that lack an attribute and values with two parents."""

    @property
    def names(self) -> tuple[str, ...]:
        """(G,) name of each group's level."""
        return tuple(self.levels[place] for place in self.level)


def build_hierarchy(attributes: pd.DataFrame, levels: Sequence[str]) -> Hierarchy:
    """Group series by their attributes.

    attributes: (N, A) text indexed by series_id, '' where unknown, as of `Panel.attributes`. levels: attributes, coarse
    to fine; the level `all` is always added. A series that lacks one counts under "(none)" at that level and below.
    Groups with the same series as a coarser one are kept. Raises SettingsError on a level that is no attribute.
    """
    unknown = [level for level in levels if level not in attributes]
    if unknown:
        found = ", ".join(map(str, attributes.columns)) or "none"
        raise SettingsError(
            f"hierarchy.levels: expected attributes of the series, found {unknown[0]!r}; the series have {found}; "
            f"name one of these, or let the extract return a column {unknown[0]}"
        )
    ids = attributes.index.astype(str).tolist()
    values = [attributes[level].fillna("").astype(str).to_numpy(dtype=object) for level in levels]
    lacking = np.zeros((len(levels), len(ids)), dtype=bool)
    paths = [np.full(len(ids), ALL, dtype=object)]
    for depth, own in enumerate(values):
        lacking[depth] = (own == "") | (lacking[depth - 1] if depth else False)
        named = np.where(lacking[depth], NONE, np.array([_escape(value) for value in own], dtype=object))
        paths.append(named if depth == 0 else paths[-1] + "/" + named)
    keys, members = zip(*(np.unique(path.astype(np.str_), return_inverse=True) for path in paths), strict=True)
    first = np.concatenate([[0], np.cumsum([len(own) for own in keys])])
    group = np.concatenate([own.ravel() + start for own, start in zip(members, first, strict=False)])
    series = np.tile(np.arange(len(ids)), len(paths))
    ones = np.ones(len(group), dtype=np.float32)
    return Hierarchy(
        levels=(ALL, *levels),
        level=np.repeat(np.arange(len(keys)), [len(own) for own in keys]),
        keys=np.concatenate(keys),
        summing=sparse.csr_array((ones, (group, series)), shape=(int(first[-1]), len(ids))),
        findings=(*_orphans(ids, levels, values), *_two_parents(levels, values, paths, lacking)),
    )


def _escape(value: str) -> str:
    """A value with its slashes escaped, because slashes separate values in a key."""
    return value.replace("%", "%25").replace("/", "%2F")


def _orphans(ids: Sequence[str], levels: Sequence[str], values: Sequence[NDArray[np.object_]]) -> list[Note]:
    """A finding for each series that lacks attributes."""
    lacking = np.array([own == "" for own in values], dtype=bool).reshape(len(levels), len(ids))
    notes = []
    for row in np.flatnonzero(lacking.any(axis=0)).tolist():
        absent = [level for level, lacks in zip(levels, lacking[:, row], strict=True) if lacks]
        below = "" if absent[0] == levels[-1] else " and below"
        line = f"series {ids[row]} has no {' and no '.join(absent)}; it counts under {NONE} at {absent[0]}{below}"
        notes.append((ids[row], SeriesFinding.ORPHAN, line))
    return notes


def _two_parents(
    levels: Sequence[str],
    values: Sequence[NDArray[np.object_]],
    paths: Sequence[NDArray[np.object_]],
    lacking: NDArray[np.bool_],
) -> list[Note]:
    """A finding for each value of a level that lies in several groups of the level above.

    None where most values do: then levels cross by design, such as every queue in every region.
    """
    notes = []
    for depth in range(1, len(levels)):
        known = ~lacking[depth]
        pairs = pd.DataFrame({"value": values[depth][known], "parent": paths[depth][known]}).drop_duplicates()
        parents = pairs.groupby("value")["parent"].agg(sorted)
        several = parents[parents.map(len) > 1]
        if 2 * len(several) > len(parents):
            continue
        for value, places in several.items():
            line = f"{levels[depth]} {value} lies in {levels[depth - 1]} {' and '.join(places)}"
            notes.append(
                (f"{levels[depth]}:{value}", SeriesFinding.TWO_PARENTS, f"{line}; it counts as one group in each")
            )
    return notes
