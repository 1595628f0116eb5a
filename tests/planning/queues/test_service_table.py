import numpy as np
import pytest

from forecasting.planning.queues.attainment import interval_service, reached
from forecasting.planning.queues.erlang import served_within
from forecasting.planning.queues.service_table import Service, ServiceTable

INF = float("inf")


def make_service_table(patience: float = 300.0, *, within: float = 20.0, shortest=300.0, longest=300.0) -> ServiceTable:
    return ServiceTable(Service(0.8, within, patience, 1800.0), shortest=shortest, longest=longest)


def questions(first: int, last: int, *, highest: float, handles=(300.0, 300.0), count: int = 60):
    generator = np.random.default_rng(first)
    agents = generator.integers(first, last, count)
    load = np.maximum(agents + generator.uniform(-4, highest, count) * np.sqrt(agents), 0.05)
    return load, agents, generator.uniform(*handles, count)


def direct(service_table: ServiceTable, load, agents, handle):
    one = service_table.service
    given = {"handle": handle, "within": one.within, "patience": one.patience}
    mean = served_within(load, agents, **given)
    _, variance = interval_service(load, agents, interval=one.interval, **given)
    return mean, variance, reached(mean, variance, one.share)


@pytest.mark.parametrize(("first", "last"), [(1, 41), (41, 200), (1400, 1500)])
@pytest.mark.parametrize("patience", [60.0, 300.0])
def test_answers_are_those_of_the_formulas(first, last, patience):
    service_table = make_service_table(patience, shortest=200.0, longest=400.0)
    asked = questions(first, last, highest=4.0, handles=(200.0, 400.0))
    mean, variance, met = direct(service_table, *asked)
    np.testing.assert_allclose(service_table.served_within(*asked), mean, atol=0.005)
    np.testing.assert_allclose(service_table.met(*asked), met, atol=0.01)
    np.testing.assert_allclose(service_table.variance(*asked), variance, atol=0.003)


@pytest.mark.parametrize(("first", "last"), [(1, 41), (41, 200), (1400, 1500)])
@pytest.mark.parametrize("within", [20.0, 60.0])
def test_answers_of_erlang_c_have_its_exact_mean(first, last, within):
    service_table = make_service_table(INF, within=within)
    asked = questions(first, last, highest=-0.02)
    mean, _, met = direct(service_table, *asked)
    np.testing.assert_allclose(service_table.served_within(*asked), mean, atol=0.005)
    np.testing.assert_allclose(service_table.met(*asked), met, atol=0.015)


def test_handle_times_that_differ_tenfold_are_told_apart():
    service_table = make_service_table(shortest=60.0, longest=900.0)
    asked = questions(20, 30, highest=2.0, handles=(60.0, 900.0))
    mean, _, met = direct(service_table, *asked)
    np.testing.assert_allclose(service_table.served_within(*asked), mean, atol=0.005)
    np.testing.assert_allclose(service_table.met(*asked), met, atol=0.01)


def test_endless_queues_serve_nobody():
    service_table = make_service_table(INF)
    load, agents = np.array([10.0, 10.5, 5000.0]), np.array([10, 10, 60])
    assert (service_table.served_within(load, agents, np.full(3, 300.0)) == 0).all()
    assert (service_table.met(load, agents, np.full(3, 300.0)) < 0.01).all()


def test_nobody_at_work_serves_nobody_and_without_calls_all_are_served():
    service_table, handle = make_service_table(), np.full(3, 300.0)
    load, agents = np.array([0.0, 0.0, 3.0]), np.array([0, 2, 0])
    np.testing.assert_array_equal(service_table.served_within(load, agents, handle), [1, 1, 0])
    np.testing.assert_array_equal(service_table.met(load, agents, handle), [1, 1, 0])
    np.testing.assert_array_equal(service_table.variance(load, agents, handle), [0, 0, 0])


def test_handle_times_beyond_the_known_ones_are_held_there():
    service_table = make_service_table(shortest=200.0, longest=400.0)
    load, agents = np.full(4, 10.0), np.full(4, 12)
    found = service_table.met(load, agents, np.array([1.0, 100.0, 600.0, 1e5]))
    assert found[0] == found[1] != found[2] == found[3]


def test_overload_is_held_far_out_and_answers_stay_shares():
    service_table = make_service_table()
    load = np.array([1.0, 1e3, 1e6])
    found = service_table.served_within(load, np.full(3, 20), np.full(3, 300.0))
    assert (np.diff(found) <= 0).all()
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize("patience", [300.0, INF])
def test_the_order_of_asking_changes_no_answer(patience):
    groups = [questions(*bounds, highest=-0.5, count=20) for bounds in [(1, 20), (300, 310), (45, 80), (1, 90)]]
    forward, backward = make_service_table(patience), make_service_table(patience)
    first = [forward.met(*asked) for asked in groups]
    second = [backward.met(*asked) for asked in reversed(groups)][::-1]
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    again = forward.met(*groups[0])
    np.testing.assert_array_equal(again, first[0])


def test_questions_broadcast():
    service_table = make_service_table()
    found = service_table.met(np.full((3, 1, 4), 9.0), np.arange(8, 13)[None, :, None], np.full((3, 1, 4), 300.0))
    assert found.shape == (3, 5, 4)
    assert (np.diff(found, axis=1) > 0).all()
