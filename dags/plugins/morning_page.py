"""Airflow's plugin: the morning pages and what needs a person, inside Airflow, for whoever may see the nightly run.

Read-only. `AIRFLOW__CORE__PLUGINS_FOLDER` names this folder; the API server needs the FORECASTING_* variables of the
tasks.
"""

import os
import re
from datetime import UTC
from typing import Annotated, Any

from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.models.dagrun import DagRun
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI, HTTPException, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import select

DAG = "nightly_forecast"
PREFIX = "/reports"
_FILE = re.compile(r"\d{4}-\d{2}-\d{2}\.(html|xlsx)|index\.html")
_KINDS = {
    "html": "text/html; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # a page of its own says what it may load; nobody but Airflow may frame it
    "Content-Security-Policy": "frame-ancestors 'self'",
}

app = FastAPI(
    title="Forecast reports",
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
    dependencies=[Depends(requires_access_dag("GET", param_dag_id=DAG))],
)


@app.middleware("http")
async def add_headers(request: Request, call_next: Any) -> Response:
    answer: Response = await call_next(request)
    answer.headers.update(_HEADERS)
    return answer


@app.get("/", response_class=HTMLResponse)
def status() -> str:
    """What is published of each stream, which alarms are open, and all reports."""
    from forecasting.jobs.reports import status

    return status.page(_settings())


@app.get("/status.json")
def status_as_json() -> dict[str, Any]:
    from forecasting.jobs.reports import status

    return status.show(_settings()).as_dict()


@app.get("/days/{name}")
def day(name: Annotated[str, Path(max_length=20)]) -> Response:
    """A report, its workbook, or the calendar of all reports."""
    from forecasting.jobs.reports import status

    if not _FILE.fullmatch(name):
        raise HTTPException(404, "no such report")
    content = status.report_file(_settings(), name)
    if content is None:
        raise HTTPException(404, "no such report")
    return Response(content, media_type=_KINDS[name.rpartition(".")[2]])


@app.get("/runs/{dag_id}/{run_id}/", response_class=HTMLResponse, response_model=None)
def of_run(dag_id: str, run_id: str, session: SessionDep) -> Response:
    """The report of a run's origin; other DAGs have none."""
    from forecasting.jobs.reports import status

    if dag_id != DAG:
        return HTMLResponse(status.note(f"{dag_id} makes no report; {DAG} does."))
    run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
    if run is None:
        raise HTTPException(404, "no such run")
    given = (run.conf or {}).get("origin")
    end = run.data_interval_end
    origin = given or (end.astimezone(UTC).date().isoformat() if end else None)
    name = f"{origin}.html"
    if not _FILE.fullmatch(name) or status.report_file(_settings(), name) is None:
        return HTMLResponse(status.note("This run has made no report yet."))
    return RedirectResponse(f"{mounted_at()}/days/{name}", status_code=303)


def mounted_at() -> str:
    """Where the app is mounted, below the path of Airflow's base URL."""
    from urllib.parse import urlsplit

    from airflow.configuration import conf

    return urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/") + PREFIX


def _settings() -> Any:
    from forecasting.settings import read_settings

    return read_settings(os.environ)


class MorningPage(AirflowPlugin):
    """Report in the navigation, and beside every run."""

    name = "forecasting"
    fastapi_apps = [{"app": app, "url_prefix": PREFIX, "name": "Forecast reports"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "Report",
            # without the slash Airflow's own page answers
            "href": f"{PREFIX}/",
            "destination": "nav",
            "category": "browse",
            "url_route": "forecast_reports",
        },
        {
            "name": "Forecast report",
            "href": f"{PREFIX}/runs/{{DAG_ID}}/{{RUN_ID}}/",
            "destination": "dag_run",
            "url_route": "forecast_report",
        },
    ]
