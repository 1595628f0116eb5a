"""Notifies people of alarms that the nightly run raised, and of checks that failed."""

import logging
import os
from typing import Any

from airflow.sdk import BaseNotifier

logger = logging.getLogger(__name__)


class AlarmNotifier(BaseNotifier):
    """Sends what needs a person by the ways that FORECASTING_ALARM_* name: webhook, mail.

    Behind a task that succeeded: the alarms that were not sent yet. failure: behind one that failed, that it did. What
    cannot be sent is in the log and is sent after the next run.
    """

    def __init__(self, *, failure: bool = False) -> None:
        super().__init__()
        self.failure = failure

    def notify(self, context: Any) -> None:
        from forecasting.jobs.alarms import notify
        from forecasting.settings import read_settings

        settings = read_settings(os.environ)
        if self.failure:
            task = context["task_instance"]
            where = f"{task.dag_id} {task.task_id}"
            sent = notify.report_failure(settings, where=where, error=str(context.get("exception") or "see its log"))
        else:
            sent = notify.run(settings)
        logger.info("alarms sent: %s by %s", ", ".join(sent.alarms) or "none", ", ".join(sent.ways) or "no way")
