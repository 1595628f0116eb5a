import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import SettingsError
from forecasting.panel.hierarchy import build_hierarchy
from forecasting.terms import SeriesFinding


def make_attributes(**columns: list[str]) -> pd.DataFrame:
    size = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=[f"link-{row}" for row in range(size)], dtype=object)


def members(hierarchy) -> dict[tuple[str, str], list[int]]:
    dense = hierarchy.summing.toarray()
    names = zip(hierarchy.names, hierarchy.keys.tolist(), dense, strict=True)
    return {(level, key): np.flatnonzero(row).tolist() for level, key, row in names}


def test_groups_are_paths_of_attributes_from_coarse_to_fine():
    attributes = make_attributes(region=["qc", "on", "qc", "on"], site=["mtl", "tor", "qbc", "ott"])
    hierarchy = build_hierarchy(attributes, ["region", "site"])
    assert hierarchy.levels == ("all", "region", "site")
    assert members(hierarchy) == {
        ("all", "all"): [0, 1, 2, 3],
        ("region", "on"): [1, 3],
        ("region", "qc"): [0, 2],
        ("site", "on/ott"): [3],
        ("site", "on/tor"): [1],
        ("site", "qc/mtl"): [0],
        ("site", "qc/qbc"): [2],
    }
    assert hierarchy.summing.dtype == np.float32
    assert hierarchy.findings == ()


def test_a_stream_of_one_series_and_no_levels_still_has_its_whole():
    assert members(build_hierarchy(make_attributes(queue=["voice"]), [])) == {("all", "all"): [0]}


def test_a_level_that_is_no_attribute_is_refused_by_name():
    with pytest.raises(SettingsError, match=r"found 'site'; the series have region, queue"):
        build_hierarchy(make_attributes(region=["qc"], queue=["voice"]), ["region", "site"])
    with pytest.raises(SettingsError, match="the series have none"):
        build_hierarchy(pd.DataFrame(index=["a"]), ["site"])


def test_a_series_without_an_attribute_counts_under_none_there_and_below():
    attributes = make_attributes(region=["qc", "", "qc"], site=["mtl", "mtl", ""])
    hierarchy = build_hierarchy(attributes, ["region", "site"])
    assert members(hierarchy) == {
        ("all", "all"): [0, 1, 2],
        ("region", "(none)"): [1],
        ("region", "qc"): [0, 2],
        ("site", "(none)/(none)"): [1],
        ("site", "qc/(none)"): [2],
        ("site", "qc/mtl"): [0],
    }
    assert hierarchy.findings == (
        ("link-1", SeriesFinding.ORPHAN, "series link-1 has no region; it counts under (none) at region and below"),
        ("link-2", SeriesFinding.ORPHAN, "series link-2 has no site; it counts under (none) at site"),
    )


def test_a_site_in_two_regions_is_a_group_in_each_and_named():
    attributes = make_attributes(region=["qc", "on", "on"], site=["mtl", "mtl", "tor"])
    hierarchy = build_hierarchy(attributes, ["region", "site"])
    assert members(hierarchy)["site", "on/mtl"] == [1]
    assert members(hierarchy)["site", "qc/mtl"] == [0]
    line = "site mtl lies in region on and qc; it counts as one group in each"
    assert hierarchy.findings == (("site:mtl", SeriesFinding.TWO_PARENTS, line),)


def test_slashes_inside_values_do_not_join_what_differs():
    attributes = make_attributes(region=["a", "a/b", "a%2Fb"], site=["b/c", "c", "c"])
    keys = build_hierarchy(attributes, ["region", "site"]).keys.tolist()
    assert keys == ["all", "a", "a%252Fb", "a%2Fb", "a%252Fb/c", "a%2Fb/c", "a/b%2Fc"]


@given(st.lists(st.tuples(*[st.sampled_from(["", "a", "b", "c/d"])] * 3), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_every_series_lies_in_one_group_of_each_level_inside_its_group_above(rows):
    columns = dict(zip(("region", "site", "rack"), map(list, zip(*rows, strict=True)), strict=True))
    hierarchy = build_hierarchy(make_attributes(**columns), list(columns))
    dense, level = hierarchy.summing.toarray(), hierarchy.level
    assert (np.diff(level) >= 0).all()
    assert len(set(zip(level.tolist(), hierarchy.keys.tolist(), strict=True))) == len(level)
    for depth in range(4):
        np.testing.assert_array_equal(dense[level == depth].sum(axis=0), 1)
    for depth in range(1, 4):
        for group in dense[level == depth]:
            assert ((dense[level == depth - 1] @ group) > 0).sum() == 1
    noted = [name for name, _, _ in hierarchy.findings if name.startswith("link")]
    assert noted == [f"link-{row}" for row, own in enumerate(rows) if "" in own]


def test_levels_that_cross_by_design_are_nothing_odd():
    attributes = make_attributes(region=["qc", "qc", "on", "on"], queue=["voice", "chat", "voice", "chat"])
    hierarchy = build_hierarchy(attributes, ["region", "queue"])
    assert hierarchy.findings == ()
    assert hierarchy.keys.tolist() == ["all", "on", "qc", "on/chat", "on/voice", "qc/chat", "qc/voice"]
