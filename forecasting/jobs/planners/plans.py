"""The plans that rest on a stream, and what an adjustment of it changes in them."""

from dataclasses import replace

from forecasting.config.stream import Stream
from forecasting.errors import ForecastingError
from forecasting.jobs.common.outlook import newest_origin
from forecasting.jobs.common.session import Session, wall_clock
from forecasting.jobs.planners.factors import Base, factors_on, read_base
from forecasting.jobs.planners.records import adjustments_known
from forecasting.jobs.planners.staff import on_calls, staff_changes, without_adjustments
from forecasting.numerics import Floats64
from forecasting.store.files.definitions import Definition, definition_paths, read_definition


def plan_changes(session: Session, base: Base, then: Floats64, now: Floats64) -> list[str]:
    """What an adjustment changes in the plans of its stream's newest forecast, a line a pool or link.

    base: that forecast; then, now: (N, H) factors on it without and with the adjustment. A plan that cannot be made
    changes nothing: its own job says why.
    """
    stream, lines = session.definition.stream, []
    for planned in _resting_on(session, stream):
        try:
            if planned.stream.planning.staffing is not None:
                lines += _staff(session, planned.stream, stream, base, then, now)
            else:
                lines += _orders(replace(session, definition=planned), base, then, now)
        except ForecastingError as error:
            lines.append(f"{planned.stream.name} cannot be planned now: {error}")
    return lines


def _resting_on(session: Session, stream: Stream) -> list[Definition]:
    """Definitions whose staff or links are planned from a stream."""
    found = []
    for name in sorted(definition_paths(session.settings)):
        try:
            definition = read_definition(session.settings, name)
        except ForecastingError:
            continue  # its own job says what is wrong
        staffing, links = definition.stream.planning.staffing, definition.stream.planning.capacity
        staffed = staffing is not None and (name == stream.name or staffing.aht_stream == stream.name)
        if staffed or (links is not None and links.peak_stream == stream.name):
            found.append(definition)
    return found


def _staff(session: Session, planned: Stream, stream: Stream, base: Base, then: Floats64, now: Floats64) -> list[str]:
    origin = newest_origin(session.lake, planned, wall_clock())
    again = f"forecasting plan {planned.name} --origin {origin.astimezone(planned.zone):%Y-%m-%dT%H:%M} --quick"
    ratio, slower = now / then, planned.name != stream.name
    calls = base
    if slower:
        found = read_base(session.lake, planned, origin)
        assert found is not None
        calls = found
        known = adjustments_known(session.lake, stream=planned.name, known_by=wall_clock())
        then = factors_on(calls, planned, known).factors
        ratio = on_calls(calls, base, ratio, interval=stream.interval)
    changes = staff_changes(session.lake, planned, origin, without_adjustments(calls, then), ratio, slower=slower)
    if changes is None:
        return [f"{planned.name} has no plan of this forecast yet: {again}"]
    return [*map(str, changes), *([f"exactly, and the shifts: {again}"] if changes else [])]


def _orders(session: Session, base: Base, then: Floats64, now: Floats64) -> list[str]:
    # what plans links takes a second to import, which nobody should wait for who adjusts calls
    from forecasting.jobs.planners.orders import MOST_LINKS, order_changes

    changes = order_changes(session, base, then, now)
    name = session.definition.stream.name
    if changes is None:
        return [f"it touches more than {MOST_LINKS} links of {name}: plan again to see their orders"]
    return [str(change) for change in changes] or [f"no order of {name} moves"]
