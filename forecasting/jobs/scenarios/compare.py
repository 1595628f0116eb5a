"""A scenario beside the plan, for people."""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from forecasting.errors import SettingsError
from forecasting.jobs.common.session import open_session, wall_clock
from forecasting.jobs.scenarios.scenario import require_scenario
from forecasting.settings import Settings
from forecasting.store.tables.planners.scenarios import read_compared


@dataclass(frozen=True)
class Comparison:
    """Where a scenario differs from the plan."""

    stream: str
    scenario: str
    origin: datetime
    rows: pd.DataFrame
    """place, measure, days, base, scenario_value, delta, delta_q10, delta_q90."""

    def table(self) -> pd.DataFrame:
        """For people: rounded, and the range within which 8 of 10 differences lie."""
        rows = self.rows
        names = ("base", "scenario_value", "delta")
        shown = {
            name: [_text(value, one) for value, one in zip(rows[name], rows["measure"], strict=True)] for name in names
        }
        ranges = [
            "" if pd.isna(low) or low == high else f"{_text(low, measure)} to {_text(high, measure)}"
            for low, high, measure in zip(rows["delta_q10"], rows["delta_q90"], rows["measure"], strict=True)
        ]
        return pd.DataFrame(
            {
                "place": rows["place"],
                "measure": rows["measure"].str.replace("_", " "),
                "days": rows["days"],
                "plan": shown["base"],
                "scenario": shown["scenario_value"],
                "difference": shown["delta"],
                "8 of 10": ranges,
            }
        )


def compare(settings: Settings, stream: str, scenario: str) -> Comparison:
    """The newest plan of a scenario beside the plan of its origin. Raises SettingsError where it was not planned."""
    with open_session(settings, stream, read_only=True) as session:
        rows = read_compared(session.lake, stream=stream, scenario=scenario)
        if rows.empty:
            require_scenario(session.lake, scenario, known_by=wall_clock())
            raise SettingsError(
                f"stream {stream}: scenario {scenario} was not planned; plan it: forecasting plan {stream} "
                f"--origin DATE --scenario {scenario}"
            )
        origin = rows["origin"].iloc[0].to_pydatetime().astimezone(session.definition.stream.zone)
    return Comparison(stream, scenario, origin, rows.drop(columns="origin"))


def _text(value: float, measure: str) -> str:
    text = f"{value:.1%}" if measure == "service_level" else f"{value:,.1f}"
    return text.removeprefix("-") if text.strip("-0.%") == "" else text
