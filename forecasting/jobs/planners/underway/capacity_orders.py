"""Orders of capacity that were placed: put on record, shown, cancelled."""

import uuid
from datetime import date
from typing import Any

import pandas as pd

from forecasting.errors import SettingsError
from forecasting.jobs.capacity.links import capacity_rules
from forecasting.jobs.common.outlook import newest_origin
from forecasting.jobs.common.partners import peak_stream_of
from forecasting.jobs.common.session import open_session, wall_clock
from forecasting.jobs.streams.event_tables import clock
from forecasting.jobs.streams.known import known_streams
from forecasting.panel.event_scopes import meant, some
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.tables.planners.adjustments import ALWAYS
from forecasting.store.tables.planners.orders import append_order, read_orders
from forecasting.store.tables.readings import read_series

_SHOWN = 3


def add(
    settings: Settings, stream: str, *, series: str, step: str, in_service: str, author: str, ordered: str | None = None
) -> dict[str, Any]:
    """Put on record that a step was ordered for a link, and from which day it is expected in service.

    in_service, ordered: ISO dates, local; ordered is today unless given. Plans count the step from that day on. Raises
    SettingsError where something is wrong; then nothing is written.
    """
    if not author.strip():
        raise SettingsError("author is empty; an order says who put it on record")
    with open_session(settings, stream, must_exist=True) as session:
        definition, now = session.definition.stream, wall_clock()
        rules = capacity_rules(definition)
        days = {
            "--ordered": _date("--ordered", ordered) if ordered else now.astimezone(definition.zone).date(),
            "--in-service": _date("--in-service", in_service),
        }
        if days["--in-service"] < days["--ordered"]:
            raise SettingsError(
                f"--in-service {in_service}: expected the day of the order, {days['--ordered']}, or later"
            )
        steps = {one.name: one for one in rules.steps}
        if step not in steps:
            there = ", ".join(steps) or "none: name them in [[planning.capacity.steps]]"
            raise SettingsError(f"stream {stream}: no step {step!r}{meant(step, steps)}; there are {there}")
        origin = newest_origin(session.lake, peak_stream_of(settings, definition, rules), now)
        known = read_series(session.lake, definition, origin).set_index("series_id")
        if series not in known.index:
            names = sorted(map(str, known.index))
            raise SettingsError(f"stream {stream}: no series {series!r}{meant(series, names)}; there are {some(names)}")
        given = str(known.loc[series, rules.capacity]) if rules.capacity in known else ""
        present = float(pd.to_numeric(pd.Series([given]), errors="coerce").iloc[0])
        if not present > 0:
            raise SettingsError(f"{series}: {rules.capacity} is {given or 'none'}, expected a number above 0")
        before = read_orders(session.lake, stream=stream, known_by=ALWAYS)
        before = before[(before["series_id"] == series) & before["cancelled_at"].isna()]
        same = before[(before["step"] == step) & (before["in_service_on"].dt.date == days["--in-service"])]
        if len(same):
            raise SettingsError(f"{series}: {step} from {in_service} is on record as order {same['order_id'].iloc[0]}")
        after = steps[step].capacity_after(present)
        if not after > present:
            raise SettingsError(f"{series}: step {step} leads to {after:g}, which is no more than its {present:g}")
        order = {
            "order_id": f"{now:%Y%m%d}-{uuid.uuid4().hex[:6]}",
            "known_at": now,
            "stream": stream,
            "series_id": series,
            "step": step,
            "step_capacity": after,
            "ordered_on": days["--ordered"],
            "in_service_on": days["--in-service"],
            "author": author.strip(),
            "cancelled_at": None,
        }
        session.lake.write(lambda: append_order(session.lake, order), message=f"order {order['order_id']}")
    return order


def cancel(settings: Settings, order_id: str) -> str:
    """Cancel an order: plans from now on are without it. Returns its stream.

    Raises SettingsError where there is none, or it was cancelled before.
    """
    with open_lake_to_read(settings) as lake:
        lake.require_present_tables()
        known = read_orders(lake, stream=None, known_by=ALWAYS)
    own = known[known["order_id"] == order_id]
    if own.empty:
        recent = ", ".join(known.sort_values("known_at")["order_id"].iloc[::-1].head(_SHOWN)) or "none"
        raise SettingsError(
            f"there is no order {order_id!r}; the latest are {recent}; see `forecasting capacity order list`"
        )
    row = own.iloc[0].to_dict()
    if not pd.isna(row["cancelled_at"]):
        raise SettingsError(f"order {order_id} was cancelled at {clock(row['cancelled_at'])} UTC")
    with open_session(settings, row["stream"], must_exist=True) as session:
        now = wall_clock()
        days = {name: row[name].date() for name in ("ordered_on", "in_service_on")}
        version = {**{str(name): value for name, value in row.items()}, **days, "known_at": now, "cancelled_at": now}
        session.lake.write(lambda: append_order(session.lake, version), message=f"order {order_id} cancelled")
    return str(row["stream"])


def show(settings: Settings, *, stream: str | None = None, every: bool = False) -> pd.DataFrame:
    """Orders by link and day; every: also those that were cancelled."""
    with open_lake_to_read(settings) as lake:
        lake.require_present_tables()
        found = read_orders(lake, stream=stream, known_by=ALWAYS)
        streams = known_streams(settings, lake)
    if stream is not None and stream not in streams:
        raise SettingsError(f"there is no stream {stream!r}; there are {', '.join(sorted(streams))}")
    cancelled = found["cancelled_at"].notna()
    shown = found if every else found[~cancelled]
    columns = ["order_id", "stream", "series_id", "step", "step_capacity", "ordered_on", "in_service_on", "author"]
    table = shown[columns].assign(
        **{name: shown[name].dt.strftime("%Y-%m-%d") for name in ("ordered_on", "in_service_on")}
    )
    return table.assign(cancelled=cancelled[shown.index]) if every else table


def _date(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise SettingsError(f"{option} {text}: expected a date such as 2024-06-30") from error
