"""What two lakes hold that ran the same nights: published rows, history and models; not when they ran."""

import pandas as pd

from forecasting.settings import Settings
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.lake.tables import COUNTED, TABLES

UNLIKE = ["loaded_at", "published_at", "replaces"]
"""Columns that differ between any two runs, beside the keys of runs: when they ran."""
COUNTED_ROWS = "(select rows.* from {table} as rows semi join forecast.publications using (run_id))"
COMPARED = {name: COUNTED_ROWS.format(table=name) for name in COUNTED}
COMPARED |= {"history.demand": "history.demand", "forecast.publications": "forecast.publications"}
COMPARED["forecast.models"] = "(select model_id, trained_until, n_steps, seed from forecast.models)"
"""Rows of each table that two lakes must have alike."""
APART = {"forecast.publications": ("kind",)}
"""Columns that tell rows apart beside those of the key: a stream's forecast and its plan have one origin."""
DIGEST = """
select count(*) as n, coalesce(sum(hash(rows)::hugeint), 0)::varchar as digest
from (select columns(name -> not (name like '%run_id' or list_contains({unlike}, name))) from {rows}) as rows
"""
ROWS = """
select hash({key}) as key, hash(rows) as value
from (select columns(name -> not (name like '%run_id' or list_contains({unlike}, name))) from {rows}) as rows
"""


def compare(ours: Settings, theirs: Settings) -> pd.DataFrame:
    """Rows and hashes of what both lakes hold. Columns: table, cluster, embedded, equal."""
    held = [_digests(settings) for settings in (ours, theirs)]
    rows = [
        (name, *(f"{n} {digest[-12:]}" for n, digest in (one[name] for one in held)), held[0][name] == held[1][name])
        for name in COMPARED
    ]
    return pd.DataFrame(rows, columns=["table", "cluster", "embedded", "equal"])


def _digests(settings: Settings) -> dict[str, tuple[int, str]]:
    with open_lake_to_read(settings) as lake:
        return {
            name: lake.connection.execute(DIGEST.format(rows=rows, unlike=UNLIKE)).fetchone()
            for name, rows in COMPARED.items()
        }


def count_faults(ours: Settings, undisturbed: Settings) -> pd.DataFrame:
    """Of the rows that an undisturbed lake holds, by table: how many are lost, twice, or there otherwise."""
    counts = []
    with open_lake_to_read(ours) as one, open_lake_to_read(undisturbed) as other:
        for table, rows in COMPARED.items():
            mine, theirs = (_hashed(lake, table, rows) for lake in (one, other))
            again = mine["key"].duplicated()
            both = theirs.merge(mine[~again], on="key", how="outer", suffixes=("", "_mine"), indicator="held")
            unlike = (both["held"] == "both") & (both["value"] != both["value_mine"])
            unknown = both["held"] == "right_only"
            counts.append((table, (both["held"] == "left_only").sum(), again.sum(), (unlike | unknown).sum()))
    return pd.DataFrame(counts, columns=["table", "lost", "twice", "other"]).set_index("table")


def _hashed(lake: Lake, table: str, rows: str) -> pd.DataFrame:
    """Hashes of each row's key, with its origin for its run, and of all its values."""
    key = (*TABLES[table].key, TABLES[table].dated_by, *APART.get(table, ()))
    named = [name for name in dict.fromkeys(key) if name and not name.endswith("run_id") and name not in UNLIKE]
    statement = ROWS.format(key=", ".join(named), rows=rows, unlike=UNLIKE)
    return lake.connection.execute(statement).df()
