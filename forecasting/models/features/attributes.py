"""Attributes of series as category codes: each value that was known in training has one, every other is 0."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from forecasting.numerics import Ints

MOST_CATEGORIES = 200

Vocabulary = dict[str, tuple[str, ...]]


def learn_vocabulary(attributes: pd.DataFrame, *, most: int = MOST_CATEGORIES) -> Vocabulary:
    """Values of the attributes that differ between series and have at most `most` values.

    Sorted by name, so that the order of columns in an extract does not matter.
    """
    vocabulary = {}
    for name in sorted(map(str, attributes.columns)):
        values = sorted(set(attributes[name].astype(str)) - {""})
        if 1 < len(values) <= min(most, MOST_CATEGORIES):
            vocabulary[name] = tuple(values)
    return vocabulary


def encode_attributes(attributes: pd.DataFrame, vocabulary: Mapping[str, tuple[str, ...]]) -> Ints:
    """(N, A) code of each series' value of each attribute of the vocabulary, 0 where it is unknown."""
    codes = np.zeros((len(attributes), len(vocabulary)), dtype=np.int64)
    for column, (name, values) in enumerate(vocabulary.items()):
        if name in attributes:
            code = {value: number for number, value in enumerate(values, start=1)}
            codes[:, column] = [code.get(text, 0) for text in attributes[name].astype(str)]
    return codes
