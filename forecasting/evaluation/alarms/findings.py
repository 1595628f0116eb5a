"""What is out of limits at an origin, gathered into few alarms: one a stream and subject, or a group of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.evaluation.alarms.checks import RULES, WHOLE_STREAM, About, Check
from forecasting.evaluation.alarms.limits import FALSE_ALARMS_A_DAY, Deviation, judge

_MOST_GROUPS = 2
"""Groups of a stream that have an alarm each; more of them are the stream's."""


_OF_STREAMS = 0.9
"""Share of the false alarms that checks of whole streams may raise; those of groups, of which there are more, the
rest: the more checks, the wider the limits of each (Bonferroni)."""
_LASTING = 2.5
"""Deviation, in units of usual scatter, with which an alarm that is open stays open."""


@dataclass(frozen=True)
class Symptom:
    """What is unusual at an origin. excess: 1 and more raises an alarm, deviation: in units of usual scatter.

    also: further checks and groups that see it, the strongest first.
    """

    about: About
    check: Check
    place: str
    value: float
    usual: float
    lower: float
    upper: float
    excess: float
    deviation: float
    also: tuple[str, ...] = ()


def judge_measures(
    measures: pd.DataFrame,
    origins: Sequence[pd.Timestamp],
    weekdays: NDArray[np.intp],
    special: NDArray[np.bool_],
    *,
    streams: int,
) -> list[Symptom]:
    """Findings of the last origin, of all checks that can be judged, unusual or not.

    measures: kind, place, origin, value. origins: ascending, the one judged last; weekdays, special: of each. streams:
    how many are judged in all.
    """
    table = measures.pivot_table(index=["kind", "place"], columns="origin", values="value", dropna=False)
    table = table.reindex(columns=list(origins))
    judged = {
        (str(kind), str(place)): row
        for (kind, place), row in zip(table.index, table.to_numpy(np.float64), strict=True)
        if kind in RULES and np.isfinite(row[-1])
    }
    whole = sum(place == WHOLE_STREAM for _, place in judged)
    chances = {True: _OF_STREAMS / max(whole, 1), False: (1 - _OF_STREAMS) / max(len(judged) - whole, 1)}
    found = []
    for (kind, place), row in judged.items():
        check = Check(kind)
        judgement = judge(
            row,
            weekdays,
            special,
            RULES[check],
            chance=FALSE_ALARMS_A_DAY / streams * chances[place == WHOLE_STREAM],
        )
        if judgement is not None:
            found.append(_finding(check, place, judgement))
    return found


def judge_publication(status: float) -> Symptom | None:
    """A publication that is missing or not complete needs a person whatever was usual."""
    if not status:
        return None
    return Symptom(About.RUN, Check.PUBLICATION, WHOLE_STREAM, status, 0.0, 0.0, 0.0, 1.0 + status, np.inf)


def gather(findings: Sequence[Symptom], *, open_: Collection[tuple[About, str]]) -> list[Symptom]:
    """Findings that raise an alarm or keep one open, at most one a subject and place.

    open_: subjects and places whose alarm is open: it stays while the same subject deviates at all, so that none ends
    and begins again from day to day.
    """
    alarms = []
    for about in About:
        own = sorted((one for one in findings if one.about is about), key=lambda one: -one.excess)
        raised = [one for one in own if one.excess >= 1 or ((about, one.place) in open_ and _lasts(one))]
        if raised:
            alarms += _by_place(raised)
    return alarms


def _lasts(one: Symptom) -> bool:
    rule = RULES.get(one.check)
    side = rule.side if rule else 0
    return (abs(one.deviation) if side == 0 else side * one.deviation) >= _LASTING and one.excess > 0


def _by_place(raised: Sequence[Symptom]) -> list[Symptom]:
    places = list(dict.fromkeys(one.place for one in raised))
    whole = WHOLE_STREAM in places
    groups = [place for place in places if place != WHOLE_STREAM]
    if not whole and len(groups) <= _MOST_GROUPS:
        return [_led([one for one in raised if one.place == place], []) for place in groups]
    own = [one for one in raised if one.place == WHOLE_STREAM] or [replace(raised[0], place=WHOLE_STREAM)]
    return [_led(own, groups)]


def _led(own: Sequence[Symptom], groups: Sequence[str]) -> Symptom:
    also = [str(one.check) for one in own[1:]]
    shown = [*groups[:3], *([f"{len(groups) - 3} more groups"] if len(groups) > 3 else [])]
    return replace(own[0], also=tuple(dict.fromkeys([*also, *shown])))


def _finding(check: Check, place: str, judged: Deviation) -> Symptom:
    return Symptom(
        RULES[check].about,
        check,
        place,
        judged.value,
        judged.usual,
        judged.lower,
        judged.upper,
        judged.excess,
        judged.deviation,
    )
