"""Templates that read a feed, filled and asked."""

from collections.abc import Mapping
from typing import Any

import duckdb

from forecasting.jobs.feeds.rows.sources import Source, unreadable
from forecasting.store.lake.lake import Lake


def ask(
    lake: Lake,
    template: str,
    source: Source | None,
    /,
    *,
    values: Mapping[str, object] | None = None,
    parts: Mapping[str, str] | None = None,
) -> list[tuple[Any, ...]]:
    """Rows of a template that reads a feed. Raises FeedError where the feed cannot be read."""
    statement = lake.files.read(template).fill({"rows": source.relation if source else "", **(parts or {})})
    named = {**(source.parameters if source else {}), **(values or {})}
    bound = {name: value for name, value in named.items() if f"${name}" in statement.text}
    try:
        return lake.connection.execute(statement.text, bound).fetchall()
    except duckdb.Error as error:
        raise unreadable(source.pattern if source else None, error) from error
