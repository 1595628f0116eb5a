"""What people say of alarms: acknowledged, muted."""

from datetime import datetime

from forecasting.errors import SettingsError
from forecasting.evaluation.alarms.checks import WHOLE_STREAM, About
from forecasting.jobs.common.session import JobSummary, wall_clock
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.settings import Settings
from forecasting.store.alarms.records import EVERYTHING, AlarmAnswer, append_answer, list_alarms
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.open import open_lake, require_lake


def acknowledge(settings: Settings, alarm_id: str, *, author: str, reason: str, until: str | None) -> JobSummary:
    """An alarm needs no person any more while it lasts, or before the origin `until`. Raises SettingsError for an
    alarm that there is not, or that is over."""
    _check_words(author, reason)
    require_lake(settings)
    with open_lake(settings) as lake:
        alarms = list_alarms(lake, [], every=True)
        own = alarms[alarms["alarm_id"] == alarm_id]
        if own.empty:
            raise SettingsError(f"alarm {alarm_id}: there is none; see `forecasting alarms list`")
        row = own.iloc[0]
        if row["state"] == "over":
            raise SettingsError(
                f"alarm {alarm_id}: it is over since {row['origin']:%Y-%m-%d}; nothing is to be said of it"
            )
        answer = AlarmAnswer(
            stream=str(row["stream"]),
            alarm_id=alarm_id,
            about=str(row["about"]),
            place=str(row["place"]),
            answer="acknowledged",
            author=author,
            reason=reason,
            until=_until(settings, str(row["stream"]), until),
        )
        lake.write(lambda: append_answer(lake, answer, known_at=wall_clock()), message=f"acknowledge {alarm_id}")
    return JobSummary(
        "alarms ack", answer.stream, "acknowledged", message=str(row["detail"]), details={"alarm": alarm_id}
    )


def mute(
    settings: Settings,
    stream: str,
    *,
    about: str | None,
    group: str | None,
    author: str,
    reason: str,
    until: str | None,
    undo: bool = False,
) -> JobSummary:
    """Alarms of a stream, of one subject or group where these are named, stay on record and call nobody before the
    origin `until`. undo: they call again."""
    _check_words(author, reason)
    if about is not None and about not in list(About):
        raise SettingsError(f"--about {about}: expected one of {', '.join(About)}")
    if until is None and not undo:
        raise SettingsError(
            "--until: expected the first date on which alarms call again; silence without end hides faults"
        )
    require_lake(settings)
    answer = AlarmAnswer(
        stream=stream,
        about=about or EVERYTHING,
        place=group or WHOLE_STREAM,
        answer="unmuted" if undo else "muted",
        author=author,
        reason=reason,
        until=_until(settings, stream, until),
    )
    with open_lake(settings) as lake:
        lake.write(lambda: append_answer(lake, answer, known_at=wall_clock()), message=f"{answer.answer} {stream}")
    what = f"{about or 'everything'}{f' of {group}' if group else ''}"
    return JobSummary("alarms mute", stream, answer.answer, details={"what": what, "until": until or "now"})


def _until(settings: Settings, stream: str, text: str | None) -> datetime | None:
    definition = read_definition(settings, stream).stream
    return resolve_origin(text, definition) if text else None


def _check_words(author: str, reason: str) -> None:
    for option, text in (("--author", author), ("--reason", reason)):
        if not text.strip():
            raise SettingsError(f"{option}: expected some words; they are kept with the answer")
