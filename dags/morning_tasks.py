"""What a run ends with: checks that call a person where one is needed, and the morning page."""

from typing import Any

from airflow.sdk.exceptions import AirflowFailException
from alarm_notifier import AlarmNotifier
from forecasting_dags import RETRY_RULES, environment_settings, job_task


@job_task(
    retry_policy=RETRY_RULES, on_success_callback=AlarmNotifier(), on_failure_callback=AlarmNotifier(failure=True)
)
def alarms(*, streams: list[str] | None, origin: str | None) -> dict[str, Any]:
    """Whether anything of the origin needs a person; the callbacks notify people."""
    from forecasting.jobs.alarms import check

    if origin is None or streams is None:
        raise AirflowFailException("alarms: the run did not get as far as its streams; see the logs of its first tasks")
    return check.run(environment_settings(), streams, origin=origin).as_brief()


@job_task(retry_policy=RETRY_RULES)
def report(*, streams: list[str] | None, origin: str | None) -> dict[str, Any]:
    """The files that definitions ask for, and the morning page of what was published up to the origin."""
    from forecasting.jobs.reports import nightly, run

    if origin is None or streams is None:
        raise AirflowFailException("report: the run did not get as far as its streams; see the logs of its first tasks")
    exported = nightly.export(environment_settings(), streams)
    made = run.run(environment_settings(), streams, origin=origin, leave_out_undefined=True)
    return made.as_dict() | {"exported": exported}
