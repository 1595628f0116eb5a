"""What an alarm says to a person."""

from collections.abc import Callable
from typing import Any

from forecasting.evaluation.alarms.checks import WHOLE_STREAM, Check
from forecasting.evaluation.alarms.findings import Symptom


def _share(value: float) -> str:
    return f"{100 * value:.1f}%" if abs(value) < 10 else f"{100 * value:,.0f}%"


def _hours(value: float) -> str:
    return f"{value:.1f} h"


def _minutes(value: float) -> str:
    return f"{value:.0f} min"


def _plain(value: float) -> str:
    return f"{value:.3f}"


_FORMS: dict[Check, tuple[str, Callable[[float], str]]] = {
    Check.MISSING: ("{value} of the last day's intervals have no value; usual {usual}", _share),
    Check.FEED_AGE: ("the newest value is {value} old; usual {usual}", _hours),
    Check.REJECTS: ("{value} of the pulled rows were rejected; usual {usual}", _share),
    Check.ACCURACY: ("the error was {value} of the forecast; usual {usual}", _share),
    Check.COVERAGE: ("{value} of the values fell into the 80% range; usual {usual}", _share),
    Check.DRIFT: ("series changed against each other: energy distance {value}; usual {usual}", _plain),
    Check.FALLBACKS: ("{value} of the series have no trained method; usual {usual}", _share),
    Check.RUN_TIME: ("the forecast took {value}; usual {usual}", _minutes),
}


def describe(finding: Symptom) -> str:
    """The fault in one line: where, what was found against what is usual, what else sees it."""
    where = "" if finding.place == WHOLE_STREAM else f"{finding.place}: "
    also = f" (also {', '.join(finding.also)})" if finding.also else ""
    return f"{where}{_sentence(finding)}{also}"


def _sentence(finding: Symptom) -> str:
    if finding.check is Check.PUBLICATION:
        return "nothing was published" if finding.value >= 1 else "what was published is not complete"
    if finding.check is Check.BIAS:
        side = "below" if finding.value > 0 else "above"
        return f"demand was {_share(abs(finding.value))} {side} the forecast; usual {_signed(-finding.usual)}"
    form, write = _FORMS[finding.check]
    return form.format(value=write(finding.value), usual=write(finding.usual))


def _signed(value: float) -> str:
    return f"{100 * value:+.1f}%"


def as_row(finding: Symptom) -> dict[str, Any]:
    """Columns of an alarm that come from what was found."""
    return {
        "about": str(finding.about),
        "kind": str(finding.check),
        "place": finding.place,
        "value": finding.value,
        "usual": finding.usual,
        "lower_limit": finding.lower,
        "upper_limit": finding.upper,
        "excess": min(finding.excess, 1e6),
        "detail": describe(finding),
    }
