"""Notify people of alarms that need one and were not sent yet."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from forecasting.errors import NoticeError
from forecasting.jobs.common.session import wall_clock
from forecasting.redaction import redact
from forecasting.settings import Notices, Settings
from forecasting.store.alarms.mail import send
from forecasting.store.alarms.records import AlarmAnswer, append_answer, list_alarms
from forecasting.store.alarms.webhook import post
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, require_lake

logger = logging.getLogger(__name__)

_SHOWN = 20


@dataclass(frozen=True)
class Sent:
    """What was sent, by which ways, and what went wrong with others."""

    alarms: list[str]
    ways: list[str]
    errors: list[str]


def run(settings: Settings, streams: Sequence[str] = ()) -> Sent:
    """Send the alarms that need a person and were not sent: one notice for all of them, by every way that is set.

    One is sent when at least one way took it; a way that fails stops no other. Alarms are marked after they were sent,
    so that a notice may come twice and never gets lost.
    """
    require_lake(settings)
    ways = _ways(settings.notices)
    if not ways:
        return Sent([], [], [])
    with open_lake(settings) as lake:
        alarms = list_alarms(lake, streams)
        due = alarms[alarms["needs_person"] & alarms["sent_at"].isna()]
        if due.empty:
            return Sent([], [], [])
        subject, text, content = compose(due)
        done, errors = _send_all(ways, subject, text, content)
        if done:
            lake.write(lambda: _mark(lake, due, done), message=f"sent {len(due)} alarms")
    return Sent([str(one) for one in due["alarm_id"]] if done else [], done, errors)


def report_failure(settings: Settings, *, where: str, error: str) -> Sent:
    """Send that a job failed, such as the checks themselves; where: which one."""
    text = redact(f"{where} failed: {error}")
    done, errors = _send_all(
        _ways(settings.notices), f"forecasting: {where} failed", text, {"text": text, "alarms": []}
    )
    return Sent([], done, errors)


Way = Callable[[str, str, dict[str, object]], None]


def _ways(notices: Notices) -> dict[str, Way]:
    ways: dict[str, Way] = {}
    if notices.webhook is not None:
        address = notices.webhook.get_secret_value()
        ways["webhook"] = lambda _subject, _text, content: post(address, content)
    if notices.mail is not None:
        mail = notices.mail
        ways["mail"] = lambda subject, text, _content: send(mail, subject=subject, text=text)
    return ways


def _send_all(ways: dict[str, Way], subject: str, text: str, content: dict[str, object]) -> tuple[list[str], list[str]]:
    done, errors = [], []
    for name, way in ways.items():
        try:
            way(subject, text, content)
            done.append(name)
        except NoticeError as error:
            logger.error("%s", error)
            errors.append(str(error))
    return done, errors


def compose(due: pd.DataFrame) -> tuple[str, str, dict[str, object]]:
    """Subject, text and JSON of a notice. due: rows of analyst.alarms."""
    count = len(due)
    streams = ", ".join(sorted(set(due["stream"])))
    subject = f"forecasting: {count} alarm{'s' if count > 1 else ''} ({streams[:120]})"
    lines = [f"{row.stream}: {row.detail}  [{row.alarm_id}]" for row in due.itertuples()]
    shown = lines[:_SHOWN] + ([f"and {count - _SHOWN} more"] if count > _SHOWN else [])
    after = "Look: forecasting alarms list. AlarmAnswer: forecasting alarms ack ALARM --author NAME --reason WORDS"
    text = redact("\n".join([*shown, "", after]))
    keys = ["alarm_id", "stream", "about", "kind", "place", "state", "detail", "value", "usual"]
    rows = due[keys].astype(object).where(due[keys].notna(), None).to_dict("records")
    since = [stamp.isoformat() for stamp in due["since"]]
    alarms = [{**row, "since": at} for row, at in zip(rows, since, strict=True)]
    return subject, text, {"text": f"{subject}\n{text}", "alarms": alarms}


def _mark(lake: Lake, due: pd.DataFrame, ways: Sequence[str]) -> None:
    now = wall_clock()
    for row in due.to_dict("records"):
        answer = AlarmAnswer(
            stream=row["stream"],
            alarm_id=row["alarm_id"],
            about=row["about"],
            place=row["place"],
            answer="sent",
            author=", ".join(ways),
            reason="",
        )
        append_answer(lake, answer, known_at=now)
