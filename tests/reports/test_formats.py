"""Values as a person reads them."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecasting.reports.formats import Kind, write


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (12000.4, Kind.COUNT, "12,000"),
        (-0.4, Kind.COUNT, "0"),
        (-1234.5, Kind.COUNT, "−1,234"),
        (0.5, Kind.NUMBER, "0.50"),
        (0.0123, Kind.NUMBER, "0.012"),
        (-0.00042, Kind.CHANGE, "−0.00042"),
        (12345678.0, Kind.NUMBER, "12,345,678"),
        (12.34, Kind.NUMBER, "12.3"),
        (3.0, Kind.WHOLE_CHANGE, "+3"),
        (-0.2, Kind.WHOLE_CHANGE, "0"),
        (0.1234, Kind.SHARE, "12.3%"),
        (1.19, Kind.PERCENT, "119%"),
        (-0.05, Kind.PERCENT_CHANGE, "−5%"),
        (pd.Timestamp("2026-03-30 07:30"), Kind.TIME, "Mon 30 Mar 07:30"),
        (pd.Timestamp("2026-03-30 07:30"), Kind.STAMP, "30 Mar 2026 07:30"),
        (date(2026, 4, 29), Kind.DATE, "29 Apr 2026"),
        (pd.NaT, Kind.DATE, "–"),
        (np.nan, Kind.COUNT, "–"),
        (None, Kind.TEXT, "–"),
    ],
)
def test_values_are_written_in_full(value, kind, text):
    assert write(value, kind) == text
