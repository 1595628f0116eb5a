"""Forecast a stream from an origin and publish it."""

import logging

import numpy as np

from forecasting.contracts.outputs import check_aggregates, check_forecasts, check_paths
from forecasting.ensemble.blocks.combination import combination_of_panel
from forecasting.ensemble.calibrated import ForecastStages, forecast_in_stages
from forecasting.ensemble.joint import Joint, join
from forecasting.ensemble.mixture import PanelForecast
from forecasting.ensemble.weighing import ForecastCache
from forecasting.jobs.blocks.cut import is_large
from forecasting.jobs.blocks.processes import issue_blocks
from forecasting.jobs.common.forecast_checks import check_age, check_fallbacks, count_tiers
from forecasting.jobs.common.forecast_rows import forecast_rows, rows_expected, surge_rows
from forecasting.jobs.common.panels import panel_as_of
from forecasting.jobs.common.session import JobSummary, Session, open_session, wall_clock
from forecasting.jobs.planners.publication import adjust_publication
from forecasting.jobs.training.bundles import LoadedModel, forecasters, newest_loaded
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.panel.describe import describe_breaks, describe_suppressed
from forecasting.panel.grid import Panel, open_age
from forecasting.settings import Settings
from forecasting.store.tables.forecasts import Sampled, publish
from forecasting.store.tables.runs import Run
from forecasting.terms import RunKind, RunStatus

logger = logging.getLogger(__name__)


def run(
    settings: Settings,
    stream: str,
    *,
    origin: str,
    kind: str = RunKind.MANUAL,
    keep_nightly: bool = False,
    processes: int = 1,
) -> JobSummary:
    """Forecast from `origin` with the newest model trained on nothing later, and publish.

    kind: nightly, manual or backfill. keep_nightly: leave what a nightly run published. processes: that share the
    blocks of a stream which is too large for one panel; they change no number. Raises SettingsError for an
    origin before the data, FeedError for a feed that is too old, FallbackError when too many series have too
    little history, ModelError for a damaged model; nothing is published then.
    """
    with open_session(settings, stream) as session:
        instant = resolve_origin(origin, session.definition.stream)
        with session.run(RunKind(kind), origin=instant) as record:
            if is_large(session.lake, session.definition.stream, instant):
                model = newest_loaded(session, instant)
                return issue_blocks(session, record, model, keep_nightly=keep_nightly, processes=processes)
            panel = panel_as_of(session.lake, session.definition.stream, instant)
            return issue(session, record, panel, newest_loaded(session, instant), keep_nightly=keep_nightly)


def issue(
    session: Session,
    record: Run,
    panel: Panel,
    model: LoadedModel,
    *,
    cache: ForecastCache | None = None,
    keep_nightly: bool = False,
) -> JobSummary:
    """Forecast the panel of a run's origin and publish it; the run ends with it.

    cache: the members' forecasts of held-back columns, kept where several origins are issued. keep_nightly: see
    `publish`. Raises FeedError, FallbackError or ModelError; nothing is published then.
    """
    stream, origin = session.definition.stream, record.origin
    assert origin is not None
    record.model_id = model.model_id
    record.hindsight = model.trained_until is not None and model.trained_until > origin
    stale = check_age(stream, open_age(panel, interval=stream.interval), origin)
    cache = cache or ForecastCache()
    members = forecasters(stream, model)
    stages = forecast_in_stages(panel, members, cache=cache)
    forecast = stages.with_events
    check_fallbacks(stream, count_tiers(forecast))
    joint = None
    if stream.hierarchy is not None and panel.n_horizon:
        joint = join(stream, panel, forecast, members, origin=origin, cache=cache)
        forecast = joint.forecast
    rows = forecast_rows(panel, forecast, mean=joint.mean if joint else forecast.mean)
    check_forecasts(rows, expected=rows_expected(panel))
    if joint:
        check_aggregates(joint.aggregates)
    if joint and joint.paths is not None:
        check_paths(joint.paths, expected=rows_expected(panel))
    seen = f"{model.model_id} was trained on demand after this origin" if record.hindsight else None
    found = describe_breaks(panel, zone=stream.zone), describe_suppressed(panel), joint.note if joint else None
    notes = stale, model.note, seen, *found
    record.message = "; ".join(note for note in notes if note) or None
    status = publish(
        session.lake,
        record,
        rows,
        complete=stale is None,
        now=wall_clock(),
        keep_nightly=keep_nightly,
        aggregates=joint.aggregates if joint else None,
        paths=joint.paths if joint else None,
        surges=surge_rows(stream, panel),
        learned=_learned(panel, stages, model, joint),
    )
    adjust_publication(session, record)
    return _summary(record, panel, forecast, joint, status=status, rows=len(rows))


def _learned(panel: Panel, stages: ForecastStages, model: LoadedModel, joint: Joint | None) -> Sampled | None:
    """Weights and calibration, with which the forecast of single series can be made again; None without a horizon."""
    if not panel.n_horizon:
        return None
    combination = combination_of_panel(panel, stages, sums=joint.choice.method if joint else None)
    evidence = stages.mixed.evidence
    judged = 0 if evidence is None else len(np.unique(evidence.series))
    return Sampled(model.model_id, panel.n_series, judged, combination.as_record())


def shares(panel: Panel, forecast: PanelForecast) -> dict[str, float]:
    """Mean weight of each member over the open intervals of the horizon, heaviest first, those under 1% left out."""
    is_open = panel.open[:, panel.n_history :]
    mean = {name: float(weight[is_open].sum()) / max(is_open.sum(), 1) for name, weight in forecast.weights.items()}
    return {name: round(mean[name], 2) for name in sorted(mean, key=lambda name: -mean[name]) if mean[name] >= 0.01}


def _summary(
    record: Run, panel: Panel, forecast: PanelForecast, joint: Joint | None, *, status: RunStatus, rows: int
) -> JobSummary:
    tiers = count_tiers(forecast)
    return JobSummary(
        job="forecast",
        stream=record.stream.name,
        status=str(status),
        run_id=record.run_id,
        origin=record.origin.isoformat() if record.origin else None,
        rows=rows,
        message=record.message,
        details={
            "series": sum(tiers.values()),
            "tiers": tiers,
            "weights": shares(panel, forecast),
            **({"aggregates": len(joint.aggregates), "sums": joint.choice.method} if joint else {}),
        },
    )
