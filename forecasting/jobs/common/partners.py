"""Streams that a plan needs beside its own: of handle times, of daily peaks."""

from forecasting.config.capacity import CapacitySection
from forecasting.config.staffing import StaffingSection
from forecasting.config.stream import Stream
from forecasting.errors import SettingsError
from forecasting.settings import Settings
from forecasting.store.files.definitions import definition_paths, read_definition
from forecasting.terms import DAY, format_duration

_OTHER_UNITS = frozenset(
    ("ms", "millisecond", "milliseconds", "min", "mins", "minute", "minutes", "h", "hour", "hours")
)


def handle_stream_of(settings: Settings, stream: Stream, rules: StaffingSection) -> Stream | None:
    """The stream of a stream's handle times; None where it plans with a constant.

    Raises SettingsError where that stream does not exist, is no mean in seconds, or its intervals do not hold those of
    the calls.
    """
    if rules.aht_stream is None:
        return None
    where = f"stream {stream.name}: planning.staffing.aht_stream {rules.aht_stream}"
    found = _read(settings, rules.aht_stream, where=where)
    if found.stream.aggregate != "mean":
        raise SettingsError(
            f"{where} has aggregate = {found.stream.aggregate!r}; expected 'mean', for it is the mean time of a call; "
            f'write aggregate = "mean" into {found.name}.toml, or give a constant handle_time'
        )
    if found.stream.unit.lower() in _OTHER_UNITS:
        raise SettingsError(
            f"{where} has the unit {found.stream.unit!r}; expected seconds; let its extract return seconds and say so "
            "in its unit"
        )
    if found.interval % stream.interval:
        raise SettingsError(
            f"{where} has intervals of {format_duration(found.interval)}, expected a multiple of "
            f"{format_duration(stream.interval)}"
        )
    return found


def peak_stream_of(settings: Settings, stream: Stream, rules: CapacitySection) -> Stream:
    """The stream of a stream's daily peaks.

    Raises SettingsError where that stream does not exist or is not one of days, all of them open.
    """
    where = f"stream {stream.name}: planning.capacity.peak_stream {rules.peak_stream}"
    found = _read(settings, rules.peak_stream, where=where)
    if found.interval != DAY:
        raise SettingsError(
            f"{where} has intervals of {format_duration(found.interval)}; expected 1d, for limits are passed on days"
        )
    if found.calendar.hours:
        raise SettingsError(
            f"{where} has opening hours; expected none, for lead times run on every day; take calendar.hours out of "
            "its definition"
        )
    return found


def _read(settings: Settings, name: str, *, where: str) -> Stream:
    paths = definition_paths(settings)
    if name not in paths:
        raise SettingsError(
            f"{where} does not exist; there are {', '.join(sorted(paths))}; add it with `forecasting streams add`"
        )
    return read_definition(settings, name).stream
