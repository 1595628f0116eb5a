"""Secrets are left out of the rows that quarantine keeps, such as the token in the address of the file they lay in."""

import json

import pandas as pd

from forecasting.redaction import known_secrets, redact, redact_values
from forecasting.store.lake.lake import Lake


def mask_rejects(lake: Lake) -> None:
    """Put `***` in place of every secret within the values of the staged rejects.

    Names of columns are no secret's place here: a column `tokens` may hold demand.
    """
    rows = lake.rows("ingest/rejects_like_secrets.sql", known=list(known_secrets()))
    masked = {raw: shown for (raw,) in rows if (shown := _mask(raw)) != raw}
    if masked:
        frame = pd.DataFrame({"raw": masked.keys(), "shown": masked.values()}, dtype=str)
        lake.execute("ingest/mask_rejects.sql", frames={"masked": frame})


def _mask(raw: str) -> str:
    try:
        row = json.loads(raw)
    except ValueError:
        return redact(raw)
    shown = redact_values(row)
    return raw if shown == row else json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
