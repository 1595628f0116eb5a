"""What a server shows of the morning: the newest publications, open alarms, and the reports that were written."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from forecasting.errors import SettingsError
from forecasting.jobs.reports.run import FOLDER, written_reports
from forecasting.reports.page import DayReport, render_note, render_status
from forecasting.settings import Settings
from forecasting.store.alarms.records import list_alarms
from forecasting.store.files.exports import read_bytes
from forecasting.store.lake.open import open_lake_to_read


@dataclass(frozen=True)
class Status:
    """streams: one row each; alarms: rows of analyst.alarms that are open; reports: newest last."""

    streams: pd.DataFrame
    alarms: pd.DataFrame
    reports: Sequence[DayReport]

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        tables = {"streams": self.streams, "alarms": self.alarms}
        shown = {name: json.loads(rows.to_json(orient="records", date_format="iso")) for name, rows in tables.items()}
        return {**shown, "reports": [report.day.isoformat() for report in self.reports]}


def show(settings: Settings) -> Status:
    """The state of the lake as it is; empty where there is none yet."""
    reports = sorted(written_reports(settings.home / FOLDER), key=lambda report: report.day)
    try:
        with open_lake_to_read(settings) as lake:
            lake.require_present_tables()
            return Status(lake.frame("reports/status.sql"), list_alarms(lake, []), reports)
    except SettingsError:
        return Status(pd.DataFrame({"stream": []}), pd.DataFrame({"alarm_id": []}), reports)


def page(settings: Settings) -> str:
    """The same as HTML."""
    found = show(settings)
    return render_status(found.streams, found.alarms, found.reports)


def note(text: str) -> str:
    """A page that says one thing."""
    return render_note(text)


def report_file(settings: Settings, name: str) -> bytes | None:
    """A file of the reports' folder; None where there is no such one there."""
    folder = (settings.home / FOLDER).resolve()
    path = folder / name
    if Path(name).name != name or not path.resolve().is_relative_to(folder):
        return None
    return read_bytes(path)
