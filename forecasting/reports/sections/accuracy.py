"""How we did: error beside the noise that stays, bands, and the trend of four weeks."""

from forecasting.reports.blocks import Answer, Chart, PageBlock, Table, TableColumn
from forecasting.reports.charts import draw_control, draw_histogram
from forecasting.reports.formats import Kind
from forecasting.reports.scope import Scope
from forecasting.reports.strips import error_strips

ALL = "all series"
_PIT_COLUMNS = (
    TableColumn("between_quantiles", "Between"),
    TableColumn("expected", "Expected", Kind.SHARE),
    TableColumn("observed", "Observed", Kind.SHARE),
    TableColumn("ratio", "Ratio", Kind.NUMBER),
)
_TREND_COLUMNS = (
    TableColumn("day", "Day", Kind.DAY),
    TableColumn("error", "WAPE", Kind.SHARE),
    TableColumn("bias", "Bias", Kind.SHARE),
    TableColumn("lower_limit", "Usual from", Kind.SHARE),
    TableColumn("upper_limit", "to", Kind.SHARE),
)
_HISTOGRAM_NOTE = (
    "Histogram: 1 is right; both ends above 1, bands too narrow; both below, too wide; one side above 1, a bias."
)
_WIDE, _NARROW = 0.05, 0.05
"""How far coverage may lie from its aim before it is marked."""


def errors(scope: Scope, answer: Answer) -> PageBlock | None:
    """answer: of `reports/errors.sql`."""
    rows = answer.rows
    if rows.empty:
        return None
    rows = rows.assign(series=rows["series"].replace("*", ALL), strip=None)
    counts = not rows["noise_floor"].isna().all()
    columns = [
        TableColumn("series", "Series"),
        TableColumn("strip", "Error"),
        TableColumn("error", "WAPE", Kind.SHARE),
        *([TableColumn("noise_floor", "Noise that stays", Kind.SHARE)] if counts else []),
        TableColumn("naive_error", "Last week repeated", Kind.SHARE),
        TableColumn("bias", "Bias", Kind.SHARE),
        TableColumn("inside_80", "Inside 80%", Kind.PERCENT),
        TableColumn("inside_90", "Inside 90%", Kind.PERCENT),
        TableColumn("intervals", "Intervals", Kind.COUNT),
    ]
    columns = [column for column in columns if column.name == "strip" or not rows[column.name].isna().all()]
    marks = {
        "inside_80": [_off(value, 0.8) for value in rows["inside_80"]],
        "inside_90": [_off(value, 0.9) for value in rows["inside_90"]],
    }
    table = Table(columns, rows, marks, {"strip": error_strips(rows)})
    return PageBlock(
        key=f"errors-{scope.name}",
        title=f"{scope.name}: the last four weeks against what came",
        note="Each interval beside the newest forecast that there was for it. WAPE: sum of |measured − median| over "
        "the sum of |measured|. "
        + ("Noise that stays: what random arrivals leave to any forecast. " if counts else "")
        + "Furthest above it first.",
        answer=answer,
        table=table,
        legend=[
            ("dot", "error"),
            *([("tick", "noise that stays")] if counts else []),
            *([("ring", "last week repeated")] if not rows["naive_error"].isna().all() else []),
        ],
    )


def bands_and_trend(scope: Scope, pit: Answer, days: Answer) -> PageBlock | None:
    """Whether bands are honest, and the error of each day. pit: of `reports/pit.sql`; days: of `reports/trend.sql`."""
    charts, legend = [], []
    if not pit.rows.empty:
        charts.append(
            Chart(
                "histogram",
                "Measured values in each part of the forecast",
                draw_histogram(pit.rows),
                Table(_PIT_COLUMNS, pit.rows),
            )
        )
        legend += [("bar", "observed over expected share"), ("one", "right")]
    rows = days.rows
    if len(rows) > 1:
        limits = not rows["upper_limit"].isna().all()
        outside = int(((rows["error"] > rows["upper_limit"]) | (rows["error"] < rows["lower_limit"])).sum())
        found = "no day" if not outside else f"{outside} of {len(rows)} days"
        title = f"Error by day: {found} outside the usual" if limits else "Error by day"
        charts.append(Chart("control", title, draw_control(rows), Table(_TREND_COLUMNS, rows)))
        legend += [("error", "error"), *([("limit", "limits of usual days")] if limits else [])]
        legend += [("dot out", "unusual")] if outside else []
    if not charts:
        return None
    sql = ";\n\n".join(one.sql for one in (pit, days) if not one.rows.empty)
    return PageBlock(
        key=f"bands-{scope.name}",
        title=f"{scope.name}: bands and days",
        note=_HISTOGRAM_NOTE if not pit.rows.empty else "",
        answer=Answer(rows, sql),
        charts=charts,
        legend=legend,
    )


def _off(value: float, aim: float) -> str:
    return "warn" if value == value and (value < aim - _NARROW or value > aim + _WIDE) else ""
