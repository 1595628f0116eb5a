"""Intervals of less than a call: their service is weighed by calls like that of any other."""

import numpy as np
import pytest

from forecasting.planning.staffing.agents import climb, expected_service
from forecasting.planning.staffing.loads import LoadNodes
from tests.planning.staffing.loads import make_rules, make_service_table


@pytest.fixture(scope="module")
def service_table():
    return make_service_table(make_rules())


def nodes(scale: float) -> LoadNodes:
    """Two nodes, of which the busier brings nine calls of ten."""
    load = np.array([[1.0, 9.0]])
    return LoadNodes(calls=scale * load, load=load, handle=np.full((1, 2), 300.0))


def test_service_is_weighed_by_calls_however_few(service_table):
    agents = np.array([10])
    quiet, busy = service_table.served_within(nodes(1).load, agents[:, None], nodes(1).handle)[0]
    expected = 0.1 * quiet + 0.9 * busy
    assert busy < 0.9 * quiet
    for scale in (1e-3, 0.05, 30.0):
        assert expected_service(nodes(scale), agents, service_table) == pytest.approx(expected)


def test_a_ladder_is_climbed_alike_for_few_calls_and_for_many(service_table):
    few, many = (climb(nodes(scale), service_table, least=1) for scale in (0.05, 30.0))
    np.testing.assert_allclose(few.served, many.served)
    np.testing.assert_array_equal(few.met, many.met)
