"""Evidence of members that err by a known bias."""

import numpy as np

from forecasting.ensemble.evidence import Evidence

NORMAL = np.array([-1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645])


def make_evidence(
    *biases: float | np.ndarray,
    days: int = 400,
    hours: int = 6,
    group: int | np.ndarray = 0,
    lead: int | np.ndarray = 0,
) -> Evidence:
    """One series with normal demand around 10; each member forecasts the true distribution shifted by its bias."""
    rng = np.random.default_rng(0)
    count = days * hours
    rows = np.zeros(count, dtype=np.int64)
    truth = 10 + rng.normal(size=count)
    predicted = [10 + NORMAL + np.broadcast_to(bias, count)[:, None] for bias in biases]
    return Evidence(
        y=truth.astype(np.float32),
        predicted=np.stack(predicted).astype(np.float32),
        series=rows + group,
        group=rows + group,
        lead=rows + lead,
        origin=np.arange(count) * 4 // max(count, 1),
        step=np.zeros(count, dtype=np.int64),
        day=np.arange(count) // hours,
        scale=np.ones(count, np.float32),
    )
