"""The card of the pretrained networks that the package holds."""

from typing import Any

import pandas as pd

from forecasting.models.pretrained.card import CELLS, INTERVALS, house_card

NAMES = tuple(reversed(INTERVALS))


def run() -> tuple[dict[str, Any], pd.DataFrame]:
    """All of the card, and a row for each forecast that was scored and cell of days ahead.

    forecast, from_day, the share of values that each interval holds, and of the first forecast its factors and what
    intervals hold once calibrated by those of other panels.
    """
    facts = dict(house_card().facts)
    rows = []
    for name, scores in facts["scores"].items():
        for cell in (cell for cell in CELLS if cell in scores["coverage"]):
            row: dict[str, Any] = {"forecast": name, "from_day": int(cell)}
            row |= {f"holds_{width}": scores["coverage"][cell][width] for width in NAMES}
            if "calibrated_coverage" in scores:
                row |= {f"factor_{width}": facts["factors"][cell][width] for width in NAMES}
                row |= {f"calibrated_{width}": scores["calibrated_coverage"][cell][width] for width in NAMES}
            rows.append(row)
    return facts, pd.DataFrame(rows)
