"""Exit codes of several outcomes."""

import pytest

from forecasting.errors import FeedError, LakeError, SettingsError, gravest


@pytest.mark.parametrize(
    ("codes", "code"), [([], 0), ([0, 0], 0), ([0, 2], 2), ([2, 3], 3), ([3, 2, 1], 1), ([1, 3, 0], 1)]
)
def test_the_gravest_exit_code_is_the_unexpected_then_bad_data_then_a_mistake(codes, code):
    assert gravest(codes) == code


def test_every_error_has_a_code_that_the_rule_knows():
    errors = (LakeError, FeedError, SettingsError)
    assert gravest(error.exit_code for error in errors) == LakeError.exit_code
