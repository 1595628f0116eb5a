"""What the demo shows at its end: tables of what was published, scored, staffed and ordered, and the next commands."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from forecasting.jobs.capacity.plan import NO_FAILURE
from forecasting.jobs.common.session import JobSummary
from forecasting.terms import Tier

STAFFED, WATCHED = "call_volume", "link_traffic"
"""Streams of the demo that are planned: agents for the one, capacity for the other."""
SHOWN_LINKS = 20
"""Links of the watch list that are shown."""


def tabulate_published(summaries: list[JobSummary]) -> pd.DataFrame:
    """One row a forecast: what was published and which member each series was forecast by."""
    return pd.DataFrame(
        {
            "stream": summary.stream,
            "origin": summary.origin,
            "series": summary.details["series"],
            "rows": summary.rows,
            "forecast by": ", ".join(f"{tier} {count}" for tier, count in summary.details["tiers"].items()),
        }
        for summary in summaries
    )


def tabulate_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Published forecasts beside the seasonal naive, one row a stream and origin."""
    keys = ["stream", "origin"]
    published = scores[scores["member"] == "published"].set_index(keys)
    naive = scores[scores["member"] == str(Tier.SEASONAL_NAIVE)].set_index(keys)
    table = pd.DataFrame(
        {
            "rows": published["rows"],
            "WAPE": published["wape"].round(3),
            "naive WAPE": naive["wape"].round(3),
            "noise floor": published["noise_floor"].round(3),
            "WQL": published["wql"].round(3),
            "naive WQL": naive["wql"].round(3),
            "inside 80%": published["cover80"].round(2),
            "inside 90%": published["cover90"].round(2),
        }
    )
    return table.reset_index()


def find_busiest(staffing: pd.DataFrame) -> pd.DataFrame:
    """The interval of each pool that needs most agents at the highest confidence."""
    at = staffing.sort_values(["confidence", "agents", "ts"]).groupby("pool_id", observed=True)["ts"].last()
    own = staffing[staffing["ts"] == staffing["pool_id"].astype(str).map(at)]
    agents = own.pivot_table(index="pool_id", columns="confidence", values="agents", observed=True)
    rows = own[own["confidence"] == own["confidence"].max()].set_index("pool_id")
    return pd.DataFrame(
        {
            "pool": rows.index.astype(str),
            "utc": rows["ts"].dt.strftime("%Y-%m-%dT%H:%MZ"),
            "local": rows["ts"].dt.tz_convert("America/Toronto").dt.strftime("%a %d %b %H:%M"),
            "calls": rows["calls"].round(1),
            "Erlangs": rows["load"].round(1),
            "medians": rows["plug_in_agents"],
            "their service": rows["plug_in_service_level"].round(2),
            **{f"confidence {confidence:g}": agents[confidence].astype(int) for confidence in agents.columns},
            "service": rows["service_level"].round(2),
            "rostered": rows["rostered"],
        }
    ).reset_index(drop=True)


def describe_watch_list(capacity: pd.DataFrame, runs_out: dict[str, date | None], today: date) -> str:
    """The links to order for now, beside the days on which the generator lets them run out."""
    intact = capacity[capacity["failure"] == NO_FAILURE]
    due = intact[intact["due"]].sort_values(["order_by", "series_id"])
    lead = timedelta(days=int(intact["lead_days"].iloc[0]))
    truly = {name for name, day in runs_out.items() if day is not None and day <= today + lead}
    listed = set(due["series_id"].astype(str))
    table = pd.DataFrame(
        {
            "link": due["series_id"].astype(str),
            "Mbit/s": due["capacity"].astype(int),
            "peak now": due["utilisation"].map("{:.0%}".format),
            "run-out 10%": due["runout_q10"].map(_day),
            "50%": due["runout_q50"].map(_day),
            "90%": due["runout_q90"].map(_day),
            "order by": due["order_by"].map(_day),
            "step": due["step"].fillna("none"),
            " ".join(("cost", *due["currency"].dropna().unique()[:1])): due["cost"].fillna(0).astype(int),
            "generator says": [str(runs_out.get(str(name)) or "not in two years") for name in due["series_id"]],
        }
    )
    more = f"\nand {len(table) - SHOWN_LINKS} more" if len(table) > SHOWN_LINKS else ""
    return (
        f"\nLinks to order for now: of {len(intact)}, {len(due)} pass 70% of their capacity within the {lead.days} "
        "days of an order with a probability of more than 10%.\n"
        f"The generator lets {len(truly)} run out until then, by the day on which it expects the peak above for good, "
        "without the noise of hours and days,\n"
        f"which lets some pass earlier; {len(truly & listed)} of these are on the list\n"
        f"{table.head(SHOWN_LINKS).to_string(index=False)}{more}"
    )


def _day(value: Any) -> str:
    return "beyond" if pd.isna(value) else f"{value:%Y-%m-%d}"


def describe_next_steps(folder: Path, busiest: pd.DataFrame, capacity: pd.DataFrame) -> str:
    first = busiest.iloc[0]
    link = capacity[capacity["failure"] == NO_FAILURE].sort_values(["order_by", "series_id"])["series_id"].iloc[0]
    return "\n".join(
        (
            "",
            "Try next:",
            f"  export FORECASTING_HOME={folder} PATH=$PWD/.venv/bin:$PATH",
            '  forecasting sql "select series_id, ts, q10, q50, q90, tier from analyst.forecast_latest '
            "where stream = 'call_volume' limit 8\"",
            f"  forecasting explain staffing {STAFFED} {first['pool']} {first['utc']}",
            f"  forecasting explain capacity {WATCHED} {link}",
            '  forecasting sql "select * from analyst.capacity_watchlist limit 10"',
            "  forecasting quarantine list call_volume",
            "  forecasting streams add mine --feed FILE.parquet --interval 30min --horizon 7d --timezone "
            "America/Toronto",
        )
    )
