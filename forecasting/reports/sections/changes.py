"""What changed since the origin before, and why."""

from forecasting.reports.blocks import Answer, PageBlock, Table, TableColumn
from forecasting.reports.formats import Kind, write
from forecasting.reports.scope import Scope


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
        TableColumn("change_share", "", Kind.PERCENT_CHANGE),
        TableColumn("by_events", "by events", change),
        TableColumn("by_demand_and_model", "rest", change),
        TableColumn("model_changed", "Model changed"),
    ]
    return PageBlock(
        key=f"changes-{scope.name}",
        title=f"{scope.name}: largest changes since the forecast of {write(_previous(scope), Kind.DAY)}",
        note=f"Expected {scope.unit} a day. By events: what campaigns, holidays and closures multiply by. The rest is "
        "new and revised demand and, where the model changed, the model too: what is stored does not tell them apart.",
        answer=answer,
        table=Table(columns, rows),
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
        TableColumn("difference_share", "", Kind.PERCENT_CHANGE),
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
