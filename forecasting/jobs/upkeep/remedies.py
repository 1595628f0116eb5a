"""What a person does about rows that break a rule: commands that can be run as they stand."""

from collections.abc import Sequence
from datetime import datetime

from forecasting.config.stream import Stream
from forecasting.store.checks import Broken

RESTORE = "restore the lake from a backup, or find the program that wrote these rows"
UNDEFINED = "put the stream's definition back, then run `forecasting doctor` again"
MOST = 3
"""Commands that a message shows."""


def reissue(stream: Stream, origins: Sequence[datetime]) -> str:
    """Commands that forecast these origins again; they publish what the lake no longer holds as it was."""
    local = [origin.astimezone(stream.zone) for origin in origins]
    if all(origin.time() == stream.stream.origin_time for origin in local):
        span = f"--from {local[0].date()} --to {local[-1].date()}"
        return f"issue them again with `forecasting backfill {stream.name} {span} --replace`"
    return _each(f"forecasting forecast {stream.name}", stream, local)


def replan(stream: Stream, origins: Sequence[datetime]) -> str:
    """Commands that plan these origins again."""
    return _each(f"forecasting plan {stream.name}", stream, [origin.astimezone(stream.zone) for origin in origins])


def remedy_of(broken: Broken, stream: Stream | None) -> str:
    """The next step. stream: whose rows they are; None where its definition cannot be read."""
    if not broken.origins and not broken.plans:
        return RESTORE
    if stream is None:
        return UNDEFINED
    # a plan is made from the forecast
    steps = [step(stream, origins) for step, origins in ((reissue, broken.origins), (replan, broken.plans)) if origins]
    return ", then ".join(steps)


def _each(command: str, stream: Stream, local: Sequence[datetime]) -> str:
    named = [f"`{command} --origin {_text(origin, stream)}`" for origin in local[:MOST]]
    more = f" and so on for all {len(local)} origins" if len(local) > MOST else ""
    return f"run {', '.join(named)}{more}"


def _text(origin: datetime, stream: Stream) -> str:
    whole_day = origin.time() == stream.stream.origin_time
    return origin.date().isoformat() if whole_day else origin.isoformat()
