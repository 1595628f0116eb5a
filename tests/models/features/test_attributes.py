import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from forecasting.models.features.attributes import (
    MOST_CATEGORIES,
    encode_attributes,
    learn_vocabulary,
)

TEXTS = st.text("abc", max_size=2)
FRAMES = (
    st.integers(0, 12)
    .flatmap(
        lambda n: st.fixed_dictionaries({name: st.lists(TEXTS, min_size=n, max_size=n) for name in ("queue", "region")})
    )
    .map(lambda columns: pd.DataFrame(columns, dtype=str))
)


@given(FRAMES)
def test_each_known_value_has_a_number_of_its_own_and_the_unknown_has_zero(frame):
    vocabulary = learn_vocabulary(frame)
    codes = encode_attributes(frame, vocabulary)
    assert codes.shape == (len(frame), len(vocabulary))
    for column, (name, values) in enumerate(vocabulary.items()):
        for text, code in zip(frame[name], codes[:, column], strict=True):
            assert (code == 0) == (text == "")
            assert code == 0 or values[code - 1] == text


@given(FRAMES)
def test_neither_the_order_of_columns_nor_that_of_series_matters(frame):
    expected = learn_vocabulary(frame)
    turned = learn_vocabulary(frame.iloc[::-1, ::-1])
    assert turned == expected
    assert list(turned) == list(expected) == sorted(expected)


def test_attributes_that_distinguish_no_series_are_left_out():
    frame = pd.DataFrame({"all_one": ["x", "x", ""], "blank": ["", "", ""], "queue": ["a", "b", "a"]})
    assert learn_vocabulary(frame) == {"queue": ("a", "b")}


def test_attributes_with_too_many_values_are_left_out():
    many = pd.DataFrame({"name": [f"n{i}" for i in range(MOST_CATEGORIES + 1)]})
    assert learn_vocabulary(many) == {}
    assert len(learn_vocabulary(many[:MOST_CATEGORIES])["name"]) == MOST_CATEGORIES
    assert learn_vocabulary(many[:4], most=3) == {}
    assert learn_vocabulary(many, most=10 * MOST_CATEGORIES) == {}


def test_values_that_training_did_not_know_and_attributes_that_are_gone_are_zero():
    vocabulary = {"queue": ("a", "b"), "region": ("n", "s")}
    frame = pd.DataFrame({"queue": ["b", "z", ""]})
    np.testing.assert_array_equal(encode_attributes(frame, vocabulary), [[2, 0], [0, 0], [0, 0]])
    assert encode_attributes(frame, {}).shape == (3, 0)
