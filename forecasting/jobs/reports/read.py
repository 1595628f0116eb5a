"""Ask the lake what a report shows of each stream, section by section."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import cached_property

import numpy as np

from forecasting.config.stream import Stream
from forecasting.panel.calendar.calendar import local_instant
from forecasting.panel.calendar.holidays import holiday_names
from forecasting.reports.blocks import Answer, PageBlock, PageSection
from forecasting.reports.leads import lead
from forecasting.reports.scope import Scope
from forecasting.reports.sections import accuracy, capacity, changes, coming, needs, planners, rejects, trust, weeks
from forecasting.store.lake.lake import Lake
from forecasting.store.queries.reports import ask
from forecasting.terms import DAY

CHARTS = 12
"""Charts of a block; what they leave out is in tables."""
_CHART_ROWS = 1200
"""Rows of all charts of a block: they make up most of a page's size."""
ROWS = 30
"""Rows of a long table on the page."""
FEW_ROWS = 15
"""Rows of a table of which every stream has one."""
SERIES_ROWS = 400
"""Rows of the table of every series: two days of 200."""
GRID_ROWS = 10_000
"""Rows of the grids of pools by hours: 200 pools on two days."""
NEEDS = 10
_SHOWN_DAYS = 2
_SCORED_DAYS = 28
_WEEKS = 14
"""Days of the longer outlook."""


@dataclass(frozen=True)
class Reader:
    """Asks queries of one lake for the streams of a report."""

    lake: Lake
    scopes: Sequence[Scope]

    def answer(self, name: str, **values: object) -> Answer:
        rows, sql = ask(self.lake, name, **values)
        return Answer(rows, sql)

    @cached_property
    def _all(self) -> dict[str, object]:
        """Values of the queries about all streams at once."""
        return {
            "streams": [scope.name for scope in self.scopes],
            "origins": [scope.origin for scope in self.scopes],
            "previous": [scope.previous for scope in self.scopes],
            "zones": [scope.zone for scope in self.scopes],
            "minutes": [scope.minutes for scope in self.scopes],
            "units": [scope.unit for scope in self.scopes],
        }

    def sections(self) -> list[PageSection]:
        """The sections that have something to say, in their order."""
        days = {scope.name: scope.local_day.isoformat() for scope in self.scopes}
        found = [
            trust.trust(self.answer("reports/trust.sql", **self._all), self.answer("reports/alarms.sql", **self._all)),
            needs.needs(self.answer("reports/needs.sql", **self._all, most=NEEDS), days),
            self._section("coming", "Today and tomorrow", self._coming),
            self._section("weeks", "Next two weeks", self._weeks),
            self._section("changes", "What changed, and why", self._changes),
            planners.planners(
                self.answer("reports/adjustments.sql", **self._all, most=ROWS),
                self.answer("reports/adjustments_value.sql", **self._all),
                self.answer("reports/scenarios.sql", **self._all, most=ROWS),
            ),
            self._section("accuracy", "How we did", self._accuracy),
            self._section("capacity", "Capacity", self._capacity),
            rejects.rejects(self.answer("reports/rejects.sql", **self._all, most=ROWS)),
        ]
        return [section for section in found if section is not None]

    def _section(
        self, key: str, title: str, ask_of: Callable[[Scope], Iterable[PageBlock | None]]
    ) -> PageSection | None:
        blocks = [block for scope in self.scopes for block in ask_of(scope) if block is not None]
        return PageSection(key, title, lead(key, blocks), blocks) if blocks else None

    def _named(self, scope: Scope) -> dict[str, object]:
        """Values of the queries about one stream."""
        return {
            "stream": scope.name,
            "origin": scope.origin,
            "previous": scope.previous,
            "zone": scope.zone,
            "averages": scope.averages,
            "counts": scope.counts,
            "minutes": scope.minutes,
        }

    def _coming(self, scope: Scope) -> Iterable[PageBlock | None]:
        if scope.stream.interval >= DAY or is_partner(scope, self.scopes):
            return
        span = (scope.origin, _after(scope, _SHOWN_DAYS))
        named = {**self._named(scope), "since": span[0], "until": span[1]}
        per_chart = max(int(_SHOWN_DAYS * DAY / scope.stream.interval), 1)
        charts = int(np.clip(_CHART_ROWS // per_chart, 3, CHARTS))
        yield from self._staffed_hours(scope, span)
        pooled = self._pool_fans(scope, named, span, most=charts)
        if pooled is not None:
            yield pooled
            charts = max(charts // 2, 3)
        whole = self.answer("reports/series.sql", **named, most=SERIES_ROWS)
        in_all = self._series(scope)
        level = _level(scope)
        if in_all > 4 * charts and level is not None:
            groups = self.answer("reports/group_fans.sql", **named, level=level, stat=_stat(scope), most=charts)
            yield coming.fans(scope, groups, span, what=f"by {level}", in_all=None)
            charts //= 2
        single = self.answer("reports/fans.sql", **named, most=charts)
        yield coming.fans(scope, single, span, what="series", in_all=in_all)
        yield coming.series_table(scope, whole, in_all=in_all)

    def _pool_fans(
        self, scope: Scope, named: dict[str, object], span: tuple[datetime, datetime], *, most: int
    ) -> PageBlock | None:
        """Calls of the pools of a plan; None where each series is a pool by itself."""
        rules = scope.stream.planning.staffing
        if rules is None or not rules.pools:
            return None
        ids, _ = ask(self.lake, "reports/series_names.sql", stream=scope.name, origin=scope.origin)
        pairs = [
            (one, pool)
            for pool, patterns in rules.pools.items()
            for one in ids["series"].astype(str)
            if any(fnmatchcase(one, pattern) for pattern in patterns)
        ]
        if not pairs:
            return None
        members = {"series": [one for one, _ in pairs], "pools": [pool for _, pool in pairs]}
        answer = self.answer("reports/pool_fans.sql", **named, **members, most=most)
        return coming.fans(scope, answer, span, what="by pool", in_all=len(rules.pools), key="pool-fans")

    def _staffed_hours(self, scope: Scope, span: tuple[datetime, datetime]) -> Iterable[PageBlock | None]:
        rules = scope.stream.planning.staffing
        if rules is None:
            return
        asked_for = rules.confidence[-1]
        named = {**self._named(scope), "since": span[0], "until": span[1], "confidence": asked_for}
        yield coming.chances(scope, self.answer("reports/chances.sql", **named), asked_for=asked_for)
        yield coming.coverage(scope, self.answer("reports/coverage.sql", **named, by_hour=True, most=GRID_ROWS))

    def _series(self, scope: Scope) -> int:
        rows, _ = ask(self.lake, "reports/series_count.sql", stream=scope.name, origin=scope.origin)
        return int(rows["series"].iloc[0])

    def _weeks(self, scope: Scope) -> Iterable[PageBlock | None]:
        if is_partner(scope, self.scopes) or scope.stream.interval > DAY:
            return
        horizon = min(scope.stream.stream.horizon, _WEEKS * DAY)
        until = _after(scope, max(horizon // DAY, 1))
        names = holiday_names(scope.stream, scope.local_day, scope.local_day + horizon - DAY)
        happening = self.answer(
            "reports/occasions.sql",
            **self._named(scope),
            until=until,
            holidays=list(names),
            holiday_names=list(names.values()),
        )
        happenings = weeks.read_happenings(happening.rows)
        named = {**self._named(scope), "until": until, "level": _level(scope) or "all", "stat": _stat(scope)}
        yield weeks.occasions(scope, happening)
        yield weeks.group_days(
            scope,
            self.answer("reports/group_days.sql", **named),
            happenings,
            stat="Mean" if scope.averages else "Sum",
        )
        rules = scope.stream.planning.staffing
        if rules is not None:
            named = {**self._named(scope), "confidence": rules.confidence[-1], "until": until}
            yield weeks.pool_days(scope, self.answer("reports/pool_days.sql", **named), happenings, rules.pools)
            yield weeks.short_days(scope, self.answer("reports/coverage.sql", **named, by_hour=False, most=ROWS))

    def _changes(self, scope: Scope) -> Iterable[PageBlock | None]:
        if is_partner(scope, self.scopes):
            return
        named = {**self._named(scope), "until": _after(scope, _WEEKS)}
        if scope.previous is None:
            yield changes.reasons(scope, self.answer("reports/reasons.sql", **named), compared=False)
            return
        changed = changes.changes(scope, self.answer("reports/changes.sql", **named, most=FEW_ROWS))
        yield changed
        yield changes.splits(scope, self.answer("reports/splits.sql", **named, most=FEW_ROWS))
        yield changes.surprises(scope, self.answer("reports/surprises.sql", **named, most=10))
        yield changes.reasons(scope, self.answer("reports/reasons.sql", **named), compared=changed is not None)

    def _accuracy(self, scope: Scope) -> Iterable[PageBlock | None]:
        named = {**self._named(scope), "since": _after(scope, -_SCORED_DAYS)}
        most = 5 if is_partner(scope, self.scopes) else FEW_ROWS
        yield accuracy.errors(scope, self.answer("reports/errors.sql", **named, most=most))
        yield accuracy.bands_and_trend(
            scope, self.answer("reports/pit.sql", **named), self.answer("reports/trend.sql", **named)
        )

    def _capacity(self, scope: Scope) -> Iterable[PageBlock | None]:
        rules = scope.stream.planning.capacity
        if rules is None:
            return
        named = {**self._named(scope), "peak_stream": rules.peak_stream, "peak_origin": scope.origin}
        due = self.answer("reports/links.sql", **named, most=ROWS)
        if due.rows.empty:
            return
        peaks = self.answer("reports/peaks.sql", **named, links=sorted(due.rows["link"]))
        currency = rules.currency or ""
        yield capacity.links(scope, due, None if peaks.rows.empty else peaks, currency=currency, last_days=365)
        if not peaks.rows.empty:
            yield capacity.peaks_table(scope, peaks)
        yield capacity.budget(scope, self.answer("reports/budget.sql", **named), currency=currency)


def is_partner(scope: Scope, scopes: Sequence[Scope]) -> bool:
    """Whether a stream is there for another one's plan, which shows what follows from it."""
    return any(scope.name in _partners(other.stream) for other in scopes if other.name != scope.name)


def _partners(stream: Stream) -> set[str]:
    staffing, links = stream.planning.staffing, stream.planning.capacity
    named = {staffing.aht_stream if staffing else None, links.peak_stream if links else None}
    return {name for name in named if name}


def _level(scope: Scope) -> str | None:
    """The first level of the hierarchy below everything together."""
    hierarchy = scope.stream.hierarchy
    return hierarchy.levels[0] if hierarchy is not None and hierarchy.levels else None


def _stat(scope: Scope) -> str:
    return "mean" if scope.averages else "sum"


def _after(scope: Scope, days: int) -> datetime:
    """The same local time some days later."""
    local = scope.origin.astimezone(scope.stream.zone).replace(tzinfo=None)
    return local_instant(local + timedelta(days=days), scope.stream.zone)
