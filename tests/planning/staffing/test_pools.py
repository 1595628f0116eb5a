import pytest

from forecasting.errors import SettingsError
from forecasting.planning.staffing.pools import find_pools

SERIES = ["care.voice.en", "care.voice.fr", "sales.voice", "sales.chat"]


def test_every_series_is_a_pool_of_its_own_without_any():
    assert find_pools(SERIES[:2], {}, stream="calls") == {"care.voice.en": (SERIES[0],), "care.voice.fr": (SERIES[1],)}


def test_patterns_gather_series_in_their_order_each_once():
    patterns = {"sales": ("sales.voice",), "care": ("*.fr", "care.*")}
    found = find_pools(SERIES, patterns, stream="calls")
    assert list(found.items()) == [("sales", ("sales.voice",)), ("care", ("care.voice.en", "care.voice.fr"))]


def test_patterns_know_capitals():
    with pytest.raises(SettingsError):
        find_pools(SERIES, {"care": ("CARE.*",)}, stream="calls")


def test_a_pattern_without_series_is_named_with_examples_of_what_there_is():
    with pytest.raises(
        SettingsError,
        match=r"stream calls: planning\.staffing\.pools\.desk = \['desk\.\*'\] matches none of 4 series, "
        r"such as care\.voice\.en, care\.voice\.fr, sales\.voice",
    ):
        find_pools(SERIES, {"care": ("care.*",), "desk": ("desk.*",)}, stream="calls")


def test_a_series_of_two_pools_is_refused():
    with pytest.raises(SettingsError, match=r"series sales\.voice is in the pools sales and voice"):
        find_pools(SERIES, {"sales": ("sales.*",), "voice": ("*.voice",)}, stream="calls")
