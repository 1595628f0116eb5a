"""Exit codes of several outcomes."""

import errno

import pytest

from forecasting.errors import GRAVEST_FIRST, ForecastingError, gravest, in_one_line


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


def test_a_place_that_cannot_be_written_is_named_with_the_reason():
    refused = OSError(errno.EROFS, "Read-only file system", "/srv/demo")
    assert in_one_line(refused) == (
        "/srv/demo: Read-only file system; expected a place that this user may write and that has room"
    )
    assert in_one_line(OSError("no errno")) == "unexpected: OSError: no errno"
