"""Exit codes of several outcomes."""

import pytest

from forecasting.errors import GRAVEST_FIRST, ForecastingError, gravest


@pytest.mark.parametrize(
    ("codes", "code"), [([], 0), ([0, 0], 0), ([0, 2], 2), ([2, 3], 3), ([3, 2, 1], 1), ([1, 3, 0], 1), ([4, 2], 1)]
)
def test_the_gravest_exit_code_is_the_unexpected_then_bad_data_then_a_mistake(codes, code):
    assert gravest(codes) == code


def test_every_error_has_a_code_that_the_rule_knows():
    kinds = [ForecastingError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert len(kinds) > 8
    assert {kind.exit_code for kind in kinds} == set(GRAVEST_FIRST)
