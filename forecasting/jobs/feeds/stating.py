"""What a person states about a feed, checked before any row is read."""

from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from forecasting.errors import SettingsError
from forecasting.jobs.feeds.findings import Stated
from forecasting.jobs.feeds.formats.dates import ORDERS
from forecasting.terms import parse_duration


def zone_of(stated: Stated) -> ZoneInfo:
    """The series' zone. Raises SettingsError where there is none of that name."""
    return _zone("--timezone", stated.timezone)


def _zone(option: str, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(f"{option} {name}: expected an IANA time zone such as America/Toronto") from error


def interval_of(stated: Stated) -> timedelta | None:
    """The interval that a person states."""
    if stated.interval is None:
        return None
    try:
        return parse_duration(stated.interval)
    except ValueError as error:
        raise SettingsError(f"--interval: {error}") from error


def check_stated(stated: Stated) -> None:
    """Raise SettingsError where an option has a value that it never has."""
    zone_of(stated)
    interval_of(stated)
    if stated.ts_timezone:
        _zone("--ts-timezone", stated.ts_timezone)
    if stated.decimal not in (None, "point", "comma"):
        raise SettingsError(f"--decimal {stated.decimal}: expected point or comma")
    if stated.repeats not in (None, "once", "each"):
        raise SettingsError(f"--repeats {stated.repeats}: expected once or each")
    if stated.aggregate not in (None, "sum", "mean", "max"):
        raise SettingsError(f"--aggregate {stated.aggregate}: expected sum, mean or max")
    if stated.date_format and "%" not in stated.date_format and stated.date_format not in ORDERS:
        raise SettingsError(
            f"--date-format {stated.date_format}: expected dmy, mdy, ymd or a format such as '%d/%m/%Y %H:%M'"
        )
