"""Attributes of series as numbers: each value that was known in training has one, every other is 0."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from forecasting.numerics import Ints

MOST_CATEGORIES = 200

Vocabulary = dict[str, tuple[str, ...]]


def learn_vocabulary(attributes: pd.DataFrame, *, most: int = MOST_CATEGORIES) -> Vocabulary:
    """Values of the attributes that tell series apart and have at most `most` of them.

    In the order of names, which must not depend on how an extract or a file lists them.
    """
    vocabulary = {}
    for name in sorted(map(str, attributes.columns)):
        values = sorted(set(attributes[name].astype(str)) - {""})
        if 1 < len(values) <= min(most, MOST_CATEGORIES):
            vocabulary[name] = tuple(values)
    return vocabulary


def encode_attributes(attributes: pd.DataFrame, vocabulary: Mapping[str, tuple[str, ...]]) -> Ints:
    """(N, A) number of each series' value of each attribute of the vocabulary, 0 where it is unknown."""
    codes = np.zeros((len(attributes), len(vocabulary)), dtype=np.int64)
    for column, (name, values) in enumerate(vocabulary.items()):
        if name in attributes:
            code = {value: number for number, value in enumerate(values, start=1)}
            codes[:, column] = [code.get(text, 0) for text in attributes[name].astype(str)]
    return codes
