"""The trees member: gradient-boosted quantile regression, direct over the whole horizon.

One LightGBM booster per quantile covers every series and step: how far demand will be from the four-week mean of its
slot, in units of the series' own noise. Features are those of the profile member and its forecast, the calendar, and
the attributes. On contact-centre and network data this is the strongest cheap member.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from forecasting.errors import ModelError
from forecasting.models.features.attributes import Vocabulary, encode_attributes, learn_vocabulary
from forecasting.models.features.history import PreparedHistory
from forecasting.models.features.lagged import CLIP, DEVIATIONS, RECENT_DAYS, LaggedFeatures
from forecasting.models.features.rows import Rows, by_chunk, horizon_of, row_features
from forecasting.models.features.slots import NAN
from forecasting.models.profile import ProfileMember, complete_rows, rebuild_profile
from forecasting.numerics import Floats32
from forecasting.panel.calendar.calendar import MONDAY
from forecasting.panel.grid import Panel
from forecasting.quantiles import sort_quantiles
from forecasting.terms import QUANTILES

KIND = "trees"
YEARLY = "year_"
TWO_YEARS = np.timedelta64(700, "D")
"""With less history a time of year occurs once, and trees would overfit to dates."""
WHOLE = "end of parameters"
"""Near the end of a booster's text; LightGBM aborts the process where the text ends before."""


@dataclass(frozen=True)
class Inputs:
    """Which columns of a panel the trees read."""

    covariate_names: tuple[str, ...]
    vocabulary: Vocabulary
    """Values of each attribute that were known in training; all others have the same code."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features, in order."""
        return (
            *(f"deviation_{number}" for number in range(DEVIATIONS)),
            *(f"ratio_{days}d" for days in RECENT_DAYS),
            *(f"slot_{name}" for name in ("least", "median", "greatest", "deviation")),
            *("profile", "own_profile", "weeks", "base_over_level", "noise_over_base", "level", "lead", "lead_days"),
            *("clock", "slot", "weekday", "month_day", "campaign"),
            *(f"covariate_{name}" for name in self.covariate_names),
            *(f"attribute_{name}" for name in self.vocabulary),
        )


def choose_inputs(panel: Panel) -> Inputs:
    """Covariates and attributes that differ enough in the history to be of use."""
    long_enough = panel.ts[panel.n_history - 1] - panel.ts[0] >= TWO_YEARS
    covariates = tuple(name for name in panel.covariate_names if long_enough or not name.startswith(YEARLY))
    return Inputs(covariates, learn_vocabulary(panel.attributes))


def build_features(
    history: PreparedHistory,
    rows: Rows,
    lagged: LaggedFeatures,
    inputs: Inputs,
    profile: ProfileMember,
    *,
    until: int = 0,
) -> Floats32:
    """(R, len(inputs.names)) features, from columns before the origin and from the calendar only.

    until: in training, the column at which the profile's own training ended.
    """
    panel, days, column = history.panel, history.days, rows.column
    answers = profile.answers(history, rows, lagged, until=until)
    date = panel.wall[column].astype("datetime64[D]")
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = [np.log(lagged.base / lagged.level), np.log(lagged.noise / lagged.base), np.log(lagged.level)]
    single = [
        *answers.T.clip(-CLIP, CLIP),
        lagged.weeks,
        *(np.nan_to_num(value, nan=0.0, posinf=CLIP, neginf=-CLIP) for value in logs),
        column - rows.origin,
        days.day[column] - days.day[rows.origin],
        days.clock[column],
        panel.slot[column],
        (date - np.datetime64(MONDAY)).astype(np.int64) % 7,
        (date - date.astype("datetime64[M]")).astype(np.int64),
        panel.campaign[rows.series, column],
    ]
    place = [panel.covariate_names.index(name) for name in inputs.covariate_names]
    known = panel.covariates_of(rows.series, column)[:, place]
    codes = encode_attributes(panel.attributes, inputs.vocabulary)[rows.series]
    return np.column_stack([lagged.deviations, lagged.ratios, lagged.spread, *single, known, codes]).astype(np.float32)


@dataclass(frozen=True)
class TreesMember:
    """Seven boosters, and the profile member whose answers are among their features."""

    profile: ProfileMember
    inputs: Inputs
    boosters: tuple[lgb.Booster, ...]

    kind = KIND

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        """Quantiles (A, N, length, 7) from several columns; NaN throughout for a series whose slots are unknown."""
        if panel.season != self.profile.season:
            raise ModelError(f"{KIND}: expected a season of {self.profile.season}, found {panel.season}; train again")
        missing = sorted(set(self.inputs.covariate_names) - set(panel.covariate_names))
        if missing:
            raise ModelError(f"{KIND}: expected covariate {missing[0]}, which the panel lacks; train this stream again")
        every = horizon_of(panel, origin_columns=tuple(origin_columns), length=length)
        forecast = np.empty((len(every), len(QUANTILES)), dtype=np.float32)
        for history, rows, part in by_chunk(panel, every, power=self.profile.power):
            lagged = row_features(history, rows)
            features = build_features(history, rows, lagged, self.inputs, self.profile)
            output = np.stack([booster.predict(features) for booster in self.boosters], axis=1)
            output = output * lagged.noise[:, None] + lagged.base[:, None]
            output[~complete_rows(lagged, (len(origin_columns), length))] = NAN
            forecast[part] = sort_quantiles(output, lower=0.0)
        shaped = forecast.reshape(panel.n_series, len(origin_columns), length, len(QUANTILES))
        return np.moveaxis(shaped, 1, 0)

    def as_parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Plain data and arrays from which `rebuild_trees` makes the member again."""
        config, arrays = self.profile.as_parts()
        parts = {f"profile.{name}": array for name, array in arrays.items()}
        for column, booster in enumerate(self.boosters):
            parts[f"booster.{column}"] = np.frombuffer(booster.model_to_string().encode(), dtype=np.uint8)
        return {
            "kind": KIND,
            "profile": config,
            "covariate_names": list(self.inputs.covariate_names),
            "vocabulary": {name: list(values) for name, values in self.inputs.vocabulary.items()},
        }, parts


def rebuild_trees(config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> TreesMember:
    """A member from what `as_parts` gave. Raises ModelError where parts are missing or unreadable."""
    try:
        inputs = Inputs(
            tuple(config["covariate_names"]),
            {name: tuple(values) for name, values in sorted(config["vocabulary"].items())},
        )
        texts = [arrays[f"booster.{column}"].tobytes().decode() for column in range(len(QUANTILES))]
        if not all(WHOLE in text for text in texts):
            raise ValueError("a booster that is cut off")
        boosters, own = tuple(lgb.Booster(model_str=text) for text in texts), config["profile"]
    except (KeyError, TypeError, AttributeError, ValueError, lgb.basic.LightGBMError) as error:
        raise ModelError(f"{KIND}: expected seven boosters and their inputs, found {error!r}; train again") from error
    found = {booster.num_feature() for booster in boosters}
    if found != {len(inputs.names)}:
        raise ModelError(f"{KIND}: expected boosters of {len(inputs.names)} features, found {found}; train again")
    prefix = "profile."
    numbers = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
    return TreesMember(rebuild_profile(own, numbers), inputs, boosters)
