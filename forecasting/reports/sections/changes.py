"""What changed since the origin before, and why."""

from forecasting.reports.blocks import Answer, Chart, PageBlock, Table, TableColumn
from forecasting.reports.formats import Kind, write
from forecasting.reports.scope import Scope
from forecasting.reports.steps import draw_steps

_FEW = 10.0
"""Changes of fewer things than this are shown with decimals."""


def changes(scope: Scope, answer: Answer) -> PageBlock | None:
    """answer: of `reports/changes.sql`."""
    rows = answer.rows
    if rows.empty or not (rows["change"].abs() > 0).any():
        return None
    change = Kind.WHOLE_CHANGE if scope.counts else Kind.CHANGE
    columns = [
        TableColumn("series", "Series"),
        TableColumn("day", "Day", Kind.DAY),
        TableColumn("forecast_before", "Before", scope.demand),
        TableColumn("forecast_now", "Now", scope.demand),
        TableColumn("change", "Change", change),
        TableColumn("change_share", "in %", Kind.PERCENT_CHANGE),
        TableColumn("by_events", "by events", change),
        *(
            [TableColumn("by_adjustments", "by adjustments", change)]
            if (rows["by_adjustments"].abs() > 0).any()
            else []
        ),
        TableColumn("by_demand_and_model", "rest", change),
        TableColumn("model_changed", "Model changed"),
    ]
    return PageBlock(
        key=f"changes-{scope.name}",
        title=f"{scope.name}: largest changes since the forecast of {write(_previous(scope), Kind.DAY)}",
        note=f"Expected {scope.unit} a day. By events: what campaigns, holidays and closures multiply by."
        + (" By adjustments: what planners said." if (rows["by_adjustments"].abs() > 0).any() else ""),
        answer=answer,
        table=Table(columns, rows),
    )


def splits(scope: Scope, answer: Answer) -> PageBlock | None:
    """answer: of `reports/splits.sql`."""
    rows = answer.rows
    if rows.empty:
        return None
    change = Kind.WHOLE_CHANGE if scope.counts and rows["change"].abs().max() >= _FEW else Kind.CHANGE
    titles = {
        "new_demand": "New demand",
        "revised_demand": "Revised demand",
        "events": "Events",
        "model": "Model",
        "weights": "Weights",
        "sums": "Agreement of sums",
        "adjustments": "Adjustments",
        "rest": "Rest",
    }
    # a step that changed nothing for anyone is left out, but for the rest, which shows that the sum is whole
    kept = [name for name in titles if name == "rest" or (rows[name].fillna(0).abs() > 0).any()]
    columns = [
        TableColumn("series", "Series"),
        TableColumn("day", "Day", Kind.DAY),
        TableColumn("change", "Change", change),
        *(TableColumn(name, titles[name], change) for name in kept),
    ]
    return PageBlock(
        key=f"splits-{scope.name}",
        title=f"{scope.name}: why these changed",
        note=f"{scope.unit} a day. The inputs of the forecast before are replaced by today's one by one, and what each "
        "step moves is its part: values that came in since, older values that were revised, events, the model, the "
        "weights of its members, agreement with the forecasts of sums; last what planners said.",
        answer=answer,
        table=Table(columns, rows),
    )


def reasons(scope: Scope, answer: Answer, *, compared: bool) -> PageBlock | None:
    """answer: of `reports/reasons.sql`. compared: whether the days were chosen by their change, else by their size."""
    rows = answer.rows
    if rows.empty:
        return None
    change = Kind.CHANGE
    columns = [
        TableColumn("part", "Part"),
        TableColumn("adds", "Adds", change),
        TableColumn("so_far", "So far", Kind.NUMBER),
    ]
    charts = [
        Chart(
            "steps",
            f"{series}, {write(day, Kind.DAY)}",
            draw_steps(own),
            Table(columns, own),
            note="each step from the newest day like it to the forecast; the table below has all of them",
        )
        for (series, day), own in rows.groupby(["series", "day"], sort=False)
    ]
    return PageBlock(
        key=f"reasons-{scope.name}",
        title=f"{scope.name}: what the forecast is made of, "
        + ("on the days that changed most" if compared else "of the series with most demand"),
        note="From the newest day like it to the number that is planned with: what each method, and each group of "
        f"inputs of the trees, adds. More: forecasting explain forecast {scope.name} SERIES DAY.",
        answer=answer,
        charts=charts,
        legend=[("rise", "adds"), ("fall", "takes away"), ("whole", "newest day, forecast")],
    )


def surprises(scope: Scope, answer: Answer) -> PageBlock | None:
    """answer: of `reports/surprises.sql`."""
    rows = answer.rows
    if rows.empty:
        return None
    change = Kind.WHOLE_CHANGE if scope.counts else Kind.CHANGE
    columns = [
        TableColumn("series", "Series"),
        TableColumn("measured", "Measured", scope.demand),
        TableColumn("expected", "Expected", scope.demand),
        TableColumn("difference", "Difference", change),
        TableColumn("difference_share", "in %", Kind.PERCENT_CHANGE),
        TableColumn("inside_80", "Inside the 80% band", Kind.PERCENT),
    ]
    return PageBlock(
        key=f"surprises-{scope.name}",
        title=f"{scope.name}: new demand that the forecast before did not expect",
        note=f"{'Means' if scope.averages else 'Sums'} of {scope.unit} between the two origins, the largest first.",
        answer=answer,
        table=Table(columns, rows),
    )


def _previous(scope: Scope) -> object:
    assert scope.previous is not None
    return scope.previous.astimezone(scope.stream.zone).replace(tzinfo=None)
