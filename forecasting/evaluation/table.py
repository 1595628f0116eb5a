"""Summary of an evaluation for people: three small tables and a few sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from forecasting.evaluation.scores import ALL_BUCKETS, ALL_SERIES, NO_COUNTS, PUBLISHED, are_counts, score_sums
from forecasting.terms import Tier

COMBINATION = "combination"
"""The published forecast, as tables for people name it."""
WORST_SERIES = 5

_PLAIN = {
    Tier.LAST_FOUR: "the average of the last four weeks",
    Tier.SEASONAL_NAIVE: "repeating the last week",
}
_SAME_INTERVALS = ["origin", "series_id", "horizon_bucket", "rows"]


@dataclass(frozen=True)
class EvaluationReport:
    """Scores pooled over origins, ready to print; shares are fractions of 1."""

    members: pd.DataFrame
    """The combination, then single members by ascending WQL."""
    horizon: pd.DataFrame
    """The combination by days ahead."""
    worst: pd.DataFrame
    """The series with the most avoidable error; empty for a stream of one series."""
    sentences: tuple[str, ...]

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables that have rows, by title."""
        named = {"members": self.members, "combination by days ahead": self.horizon, "worst series": self.worst}
        return {title: table for title, table in named.items() if len(table)}


def summarize(sums: pd.DataFrame, pooled: pd.DataFrame, *, counts: bool = True) -> EvaluationReport:
    """The report of an evaluation.

    sums: rows of `sum_statistics` with member and origin; pooled: their scores by `pool`; counts: whether the
    definition says that values are counts; a sentence says so where they deny it. Coverage is that of the randomised
    PIT where every y is a count (columns pit80, pit90), else plain (cover80, cover90). The worst series are
    those with the largest WAPE above the noise floor or, where that is unknown, the largest WQL.
    """
    total = pooled["series_id"] == ALL_SERIES
    whole = pooled["horizon_bucket"] == ALL_BUCKETS
    combined = pooled["member"] == PUBLISHED
    columns = _columns(pooled[total & whole & combined])
    order = pooled[total & whole].sort_values("wql", kind="stable")
    members = pd.concat([order[order["member"] == PUBLISHED], order[order["member"] != PUBLISHED]])
    series = pooled[~total & whole & combined]
    badness = series["excess"] if series["excess"].notna().any() else series["wql"]
    worst = series.loc[badness.sort_values(ascending=False, kind="stable").index].head(
        WORST_SERIES if len(series) > 1 else 0
    )
    return EvaluationReport(
        members=_shown(members.replace({"member": {PUBLISHED: COMBINATION}}), "member", columns),
        horizon=_shown(pooled[total & combined & ~whole], "horizon_bucket", columns),
        worst=_shown(worst, "series_id", columns),
        sentences=tuple(_sentences(sums, members, counts=counts)),
    )


def pool(sums: pd.DataFrame) -> pd.DataFrame:
    """Scores of each member over all origins, from the pooled sums, with `excess` = wape - noise_floor."""
    scores = score_sums(sums.drop(columns="origin"), by=["member"])
    return scores.assign(excess=scores["wape"] - scores["noise_floor"])


def saved(sums: pd.DataFrame, reference: str, *, member: str = PUBLISHED) -> float | None:
    """Share of the reference's pinball loss that a member saves, over the intervals of both; None without any.

    sums: rows of `sum_statistics` with member and origin. A row counts where both members were scored on equally many
    intervals, which are then the same.
    """
    own, other = (sums[sums["member"] == name] for name in (member, reference))
    both = own.merge(other, on=_SAME_INTERVALS, suffixes=("", "_reference"))
    loss, theirs = both["pinball"].sum(), both["pinball_reference"].sum()
    return float(1 - loss / theirs) if theirs > 0 else None


def _sentences(sums: pd.DataFrame, members: pd.DataFrame, *, counts: bool) -> Sequence[str]:
    sentences = []
    for tier, name in _PLAIN.items():
        gain = saved(sums, str(tier))
        if gain is not None:
            sentences.append(f"The forecast loses {_compared(gain)} {name}.")
    total = members.iloc[0]
    if total["noise_floor"] > 0:
        share = min(total["noise_floor"] / total["wape"], 1)
        sentences.append(f"{share:.0%} of its error is noise that no forecast of counts avoids.")
    elif counts and not are_counts(sums):
        sentences.append(f"No noise floor: {NO_COUNTS}.")
    if total["bias_mean"] == total["bias_mean"]:
        side = "over" if total["bias_mean"] > 0 else "under"
        sentences.append(f"Its mean is {abs(total['bias_mean']):.1%} {side} what was measured.")
    single = members.iloc[1:]
    if len(single) and single["wql"].min() < total["wql"]:
        best = single.iloc[0]["member"]
        gain = saved(sums, best)
        if gain is not None and gain < 0:
            sentences.append(f"{best} alone would have lost {-gain / (1 - gain):.1%} less.")
    return sentences


def _compared(gain: float) -> str:
    share = f"{abs(gain):.0%}"
    if share == "0%":
        return "as much as"
    return f"{share} {'less' if gain > 0 else 'more'} than"


def _columns(total: pd.DataFrame) -> list[str]:
    counted = bool(total["pit80"].notna().all())
    floor = ["noise_floor", "excess"] if counted else []
    coverage = ["pit80", "pit90"] if counted else ["cover80", "cover90"]
    return ["wape", *floor, "mase", "wql", *coverage, "bias_mean", "rows"]


def _shown(scores: pd.DataFrame, key: str, columns: list[str]) -> pd.DataFrame:
    return scores[[key, *columns]].round(4).reset_index(drop=True)
