"""The tables of the lake: their keys, partitions, order of rows and upkeep. A new table is one entry here.

Beside its entry a table needs a file in `sql/schema` and, if a view shows it, a block in `sql/views/05_dictionary.sql`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
_PARTITION = re.compile(r"[a-z][a-z0-9_]*|(year|month)\([a-z][a-z0-9_]*\)")


@dataclass(frozen=True)
class LakeTable:
    """A table, its key and how it is stored.

    Its names go into the text of statements, for SQL takes values as parameters but no identifiers; so names that are
    not plain identifiers raise ValueError.
    """

    name: str
    """Schema and table, such as `history.demand`."""
    key: tuple[str, ...]
    """Columns that distinguish its rows; DuckLake enforces none, `forecasting doctor` checks it."""
    partition: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    """Order of rows inside a file."""
    dated_by: str | None = None
    """Column by which the recent rows of a stream are found; None where the table is small and read whole."""
    published: bool = False
    """Whether rows are seen only once a publication names their run."""
    counted: bool = False
    """Whether its rows are among those that a publication claims; others explain the publication and come and go."""
    compacted: bool = False
    """Whether it grows by many small files, which upkeep merges; what comes in few rows the catalog keeps itself."""

    def __post_init__(self) -> None:
        columns = (*self.key, *self.sort, *filter(None, (self.dated_by,)))
        wrong = [name for name in (*self.name.split("."), *columns) if not _IDENTIFIER.fullmatch(name)]
        wrong += [part for part in self.partition if not _PARTITION.fullmatch(part)]
        if wrong or self.name.count(".") != 1:
            raise ValueError(f"table {self.name}: expected plain identifiers, found {', '.join(wrong) or self.name}")

    @property
    def parts(self) -> dict[str, str]:
        """What `@table@`, `@key@`, `@named_key@` and `@recent@` stand for in templates of `sql/templates`."""
        recent = f"stream = $stream and {self.dated_by} >= $since" if self.dated_by else "true"
        return {
            "table": self.name,
            "key": ", ".join(self.key),
            "named_key": "concat_ws(', ', " + ", ".join(f"'{name} ' || {name}::varchar" for name in self.key) + ")",
            "recent": recent,
        }


def _published(name: str, *key: str, counted: bool = True) -> LakeTable:
    """A table of what runs publish: partitioned and sorted by origin. key: columns beside the run and the stream."""
    return LakeTable(
        name,
        key=("run_id", "stream", *key),
        partition=("stream", "year(origin)", "month(origin)"),
        sort=("origin", *key),
        dated_by="origin",
        published=True,
        counted=counted,
        compacted=True,
    )


TABLES: Mapping[str, LakeTable] = {
    table.name: table
    for table in (
        LakeTable("meta.migrations", key=("version",)),
        LakeTable(
            "history.demand",
            key=("stream", "series_id", "ts", "available_at"),
            partition=("stream", "year(ts)", "month(ts)"),
            sort=("series_id", "ts"),
            dated_by="ts",
            compacted=True,
        ),
        LakeTable("history.ingests", key=("run_id",)),
        LakeTable("history.series", key=("stream", "series_id", "valid_from", "known_at")),
        LakeTable("history.streams", key=("stream", "known_at")),
        LakeTable("history.events", key=("event_id", "known_at")),
        LakeTable("history.acceptances", key=("run_id", "stream", "series_id", "reason")),
        LakeTable("history.quarantine", key=("stream", "run_id", "row_no"), dated_by="seen_at"),
        LakeTable("forecast.runs", key=("run_id",)),
        LakeTable("forecast.publications", key=("stream", "origin", "published_at"), dated_by="origin"),
        LakeTable("forecast.withdrawals", key=("stream", "origin", "known_at"), dated_by="origin"),
        _published("forecast.forecasts", "series_id", "ts"),
        _published("forecast.aggregates", "level", "group_key", "stat", "period", "ts"),
        _published("forecast.paths", "series_id", "ts"),
        _published("forecast.combinations", counted=False),
        _published("forecast.blocks", "block"),
        _published("forecast.block_sums", "block", "level", "group_key"),
        _published("forecast.surges", "series_id", "starts_at"),
        _published("forecast.explanations", "series_id", "day", "subject", "place", counted=False),
        LakeTable("forecast.models", key=("model_id",)),
        LakeTable("forecast.decisions", key=("stream", "decided_at_origin", "challenger", "decided_at")),
        LakeTable("forecast.alarms", key=("alarm_id", "origin", "known_at"), dated_by="origin"),
        LakeTable("forecast.alarm_answers", key=("stream", "alarm_id", "about", "place", "answer", "known_at")),
        LakeTable(
            "evaluation.measures",
            key=("stream", "origin", "kind", "place", "measured_at"),
            dated_by="origin",
            compacted=True,
        ),
        LakeTable(
            "evaluation.scores",
            key=("eval_id", "stream", "series_id", "origin", "member", "horizon_bucket"),
            dated_by="origin",
            compacted=True,
        ),
        LakeTable(
            "planning.imported_rosters",
            key=("stream", "pool_id", "starts_at", "ends_at", "known_at"),
            dated_by="starts_at",
        ),
        LakeTable("planning.capacity_orders", key=("order_id", "known_at")),
        LakeTable("planning.adjustments", key=("adjustment_id", "known_at")),
        LakeTable("planning.scenarios", key=("scenario", "known_at")),
        LakeTable("planning.scenario_rules", key=("scenario", "stream", "rule", "known_at")),
        LakeTable("planning.scenario_copies", key=("scenario", "stream", "copy", "known_at")),
        LakeTable(
            "planning.adjusted",
            key=("forecast_run_id", "series_id", "ts", "known_at"),
            partition=("stream", "year(origin)", "month(origin)"),
            sort=("series_id", "ts"),
            dated_by="origin",
            compacted=True,
        ),
        LakeTable(
            "planning.adjusted_aggregates",
            key=("forecast_run_id", "level", "group_key", "stat", "period", "ts", "known_at"),
            partition=("stream", "year(origin)", "month(origin)"),
            sort=("level", "group_key", "stat", "period", "ts"),
            dated_by="origin",
            compacted=True,
        ),
        _published("planning.staffing", "pool_id", "ts", "confidence"),
        _published("planning.staffing_periods", "pool_id", "period", "ts", "confidence"),
        _published("planning.pool_calls", "pool_id", "ts"),
        _published("planning.groups", "group_key", "ts", "confidence"),
        _published("planning.rosters", "pool_id", "week"),
        _published("planning.shifts", "pool_id", "week", "person", "ts"),
        _published("planning.capacity", "series_id", "failure"),
        _published("planning.runout", "series_id", "failure", "date"),
        _published("planning.findings", "series_id", "finding"),
        _published("planning.scenario_deltas", "place", "measure", "period", "ts"),
    )
}
"""Every table of the lake by name."""

PUBLISHED = tuple(table.name for table in TABLES.values() if table.published)
"""Names of the tables that are seen through publications."""
COUNTED = tuple(table.name for table in TABLES.values() if table.counted)
"""Names of those whose rows a publication claims."""
COMPACTED = tuple(table for table in TABLES.values() if table.compacted)
"""Tables that grow by files."""
