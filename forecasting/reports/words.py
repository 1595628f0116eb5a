"""What codes of the lake mean, in words: why rows are rejected, what a person has to do."""

import shlex

REASONS = {
    "missing_key": "the row names no series",
    "malformed_key": "the name of the series has control characters, broken text or blanks at its ends",
    "malformed_attribute": "an attribute has control characters or broken text",
    "unknown_key": "nobody knows this series",
    "unparsable_ts": "the time cannot be read",
    "ts_out_of_range": "the time lies before the start of the stream or far in the future",
    "ts_after_until": "the time lies after the end of the pull",
    "ts_before_since": "the time lies before the start of the pull",
    "off_grid_ts": "the time is no start of an interval",
    "nonexistent_local_time": "clocks skip this local time in spring",
    "ambiguous_local_time": "clocks show this local time twice in autumn",
    "duplicate_key": "two rows differ for one series and time",
    "unparsable_value": "the value is no number",
    "non_finite_value": "the value is missing or infinite",
    "value_too_large": "the value is impossibly large",
    "negative_value": "the value is negative",
    "bad_weight": "the weight is negative or not finite",
    "unparsable_available_at": "the time at which the value became known cannot be read",
    "unit_scale": "the level is about a thousand times another: a unit may have changed",
}

_NEEDS = {
    "failed": "Step failed",
    "incomplete": "Forecast incomplete",
    "alarm": "Alarm",
    "order": "Order capacity",
    "short": "Hours without people",
    "change": "Large change",
    "surge": "Surge to confirm or reject",
    "event": "Event without series",
    "rejected": "Rejected rows wait",
}


def explain_reason(reason: str) -> str:
    """A reason in words; one that a stream's own SQL names is itself."""
    return REASONS.get(reason, reason.replace("_", " "))


def name_need(need: str) -> str:
    """A thing to do, in words."""
    return _NEEDS[need]


def command_for(need: str, *, stream: str, place: str, by_day: str, origin: str) -> str:
    """The command that goes on, to be pasted into a shell: names are quoted, whatever they contain."""
    match need:
        case "failed":
            words = ["forecasting", "runs", "list", stream]
        case "incomplete":
            words = ["forecasting", "run", stream, "--origin", origin]
        case "alarm":
            words = ["forecasting", "alarms", "ack", place, "--reason", "WORDS"]
        case "order":
            words = ["forecasting", "explain", "capacity", stream, place]
        case "short":
            words = ["forecasting", "sql", f"from analyst.rosters_latest where pool_id = {literal(place)}"]
        case "change":
            words = ["forecasting", "explain", "forecast", stream, place, *([by_day] if by_day else [])]
        case "surge":
            words = ["forecasting", "surges", "confirm", stream, place, by_day]
        case "event":
            words = ["forecasting", "events", "list", stream]
        case "repair":
            words = ["forecasting", "quarantine", "replay", stream]
        case "believe":
            words = ["forecasting", "quarantine", "accept", stream]
        case _:
            words = ["forecasting", "quarantine", "list", stream]
    return " ".join(map(_quoted, words))


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _quoted(word: str) -> str:
    """A word for a shell: in double quotes where nothing in it is special there, which reads best."""
    plain = shlex.quote(word)
    return plain if plain == word or set(word) & set('"$`\\!\n') else f'"{word}"'
