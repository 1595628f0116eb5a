"""A home whose lake holds published forecasts, plans, links, rejects and events of three days; nothing is trained."""

from datetime import UTC, datetime, timedelta

from forecasting.settings import Settings
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from tests.feeds import define_stream
from tests.plans import make_capacity_plan, publish_planned
from tests.publications import name_rows

ZONE = "America/Toronto"
DAY = timedelta(days=1)
FIRST = datetime(2024, 3, 8, 5, tzinfo=UTC)
"""Local midnight, two days before clocks change."""
ORIGINS = [FIRST, FIRST + DAY, FIRST + 2 * DAY]
LAST = "2024-03-10"
"""Local date of the newest origin."""
NAMES = ("care.a", "<script>alert(1)</script>", "=1+1", "Zürich 東京", "it's zero", 'quo"te')
ZERO = "it's zero"
PEOPLE = """
[hierarchy]
levels = ["region"]

[planning.staffing]
handle_time = "3min"
target = "80/20"
confidence = [0.5, 0.8]

[planning.staffing.pools]
care = ["care.*"]
sales = ["=*"]
"""
LINKS = """
[planning.capacity]
peak_stream = "peaks"
capacity = "capacity"
threshold = 0.8
persistence = "3/7"
lead_time = "60d"
confidence = 0.9
lasting = "180d"
overload_cost = 400
currency = "CAD"
"""

_FORECASTS = """
insert into forecast.forecasts by name
select
    $run_id as run_id,
    $stream as stream,
    name as series_id,
    $origin::timestamptz + to_hours(step * $hours) as ts,
    $origin::timestamptz as origin,
    step::integer + 1 as horizon_step,
    if(name = $zero, 0, 20 + 10 * place + 5 * sin(step * 0.26) + $shift)::double as mean,
    mean * 0.7 as q05,
    mean * 0.8 as q10,
    mean * 0.9 as q25,
    mean as q50,
    mean * 1.1 as q75,
    mean * 1.2 as q90,
    mean * 1.3 as q95,
    if(place = 1, 'seasonal_naive', 'trees') as tier,
    1.25 as event_factor
from (select unnest($names) as name, generate_subscripts($names, 1) as place), range($steps) as t(step)
order by name, ts
"""
_DEMAND = """
insert into history.demand by name
select
    $stream as stream,
    name as series_id,
    $since::timestamptz + to_hours(step * $hours) as ts,
    if(name = $zero, 0, 20 + 10 * place + 5 * sin(step * 0.26) + hash(name, step) % 7)::double as y,
    $since::timestamptz + to_hours((step + 1) * $hours) as available_at,
    'pull' as run_id,
    $since::timestamptz as loaded_at
from (select unnest($names) as name, generate_subscripts($names, 1) as place), range($steps) as t(step)
order by name, ts
"""
_EXPLANATIONS = """
insert into forecast.explanations by name
select
    'people-2' as run_id,
    'people' as stream,
    $origin::timestamptz as origin,
    name as series_id,
    date '2024-03-10' + number::integer as day,
    subject,
    place::integer as place,
    parts[subject][place + 1] as part,
    (100 - 37.5 * place + 3 * length(name) + number)::double as value
from
    (select unnest($names) as name),
    (values ('mean', 12), ('change', 7)) as subjects(subject, count),
    range(2) as days(number),
    range(count) as t(place),
    (
        select map {
            'mean': ['Sun 3 Mar', 'four weeks against it', 'trees: trend of the last days', 'trees: hour and weekday',
                'trees: holidays, days around', 'trees: profile of the series', 'trees: <b>other</b>', 'N-BEATS', 'TFT',
                'events ahead', 'agreement of sums', 'rest'],
            'change': ['new demand', 'revised demand', 'events', 'model', 'weights', 'agreement of sums', 'rest']
        } as parts
    )
"""
_DAYS = """
insert into forecast.aggregates by name
select
    run_id,
    stream,
    level,
    if(level = 'all', 'all', if(level = 'region', 'on', series_id)) as group_key,
    'sum' as stat,
    'day' as period,
    date_trunc('day', ts at time zone 'America/Toronto') at time zone 'America/Toronto' as ts,
    origin,
    sum(mean) as mean,
    sum(q05) as q05,
    sum(mean) * 0.99 as q10,
    sum(q25) as q25,
    sum(q50) as q50,
    sum(q75) as q75,
    sum(mean) * 1.01 as q90,
    sum(q95) as q95
from forecast.forecasts, (values ('all'), ('region'), ('series')) as levels(level)
where run_id = $run_id
group by all
"""


_PLANNERS = (
    """insert into planning.adjustments by name
    select 'care-up' as adjustment_id, $origin - interval 3 day as known_at, 'base' as scenario, 'people' as stream,
    map {'series_id': 'care.*'} as scope, $origin - interval 2 day as starts_at, $origin + interval 1 day as ends_at,
    'usage' as metric, 'percent' as operation, 5.0 as value, '<b>letter</b>' as reason, 'ana' as author""",
    """insert into planning.adjusted by name
    select stream, origin, run_id as forecast_run_id, series_id, ts, $origin - interval 3 day as known_at,
    1.05 as factor, ['care-up'] as adjustment_ids
    from forecast.forecasts
    where stream = 'people' and series_id = 'care.a' and ts < $origin + interval 1 day""",
    """insert into planning.scenarios by name
    select 'promo' as scenario, $origin as known_at, 'a <i>sale</i>' as reason, 'ana' as author, false as closed""",
    """insert into planning.scenario_deltas by name
    select 'people-promo' as run_id, 'people' as stream, 'all' as place, unnest(['calls', 'agent_hours']) as measure,
    'horizon' as period, $origin as ts, $origin as origin, 1000.5 as base, 1234.25 as scenario, 233.75 as delta,
    210.5 as delta_q10, 260.25 as delta_q90""",
    """insert into forecast.publications by name
    select 'people' as stream, $origin as origin, $origin + interval 1 day as published_at, 'people-promo' as run_id,
    'scenario' as kind, 'h' as content_hash, 2 as rows, true as complete, false as hindsight, 'promo' as scenario""",
)


def make_report_home(settings: Settings) -> None:
    """Three streams: people (staffed), links (with capacity) and the links' peaks."""
    define_streams(settings)
    with open_lake(settings) as lake:
        for number, origin in enumerate(ORIGINS):
            publish(lake, f"people-{number}", "people", origin, names=NAMES, steps=72, shift=4.0 * number)
        publish(lake, "peaks-0", "peaks", ORIGINS[-1], names=("l0", "l1"), steps=100, hours=24)
        publish(lake, "links-0", "links", ORIGINS[-1], names=("l0", "l1"), steps=48)
        for stream, names, hours in (("people", NAMES, 1), ("links", ("l0", "l1"), 1), ("peaks", ("l0", "l1"), 24)):
            write_demand(lake, stream, names, hours=hours)
        publish_planned(lake, "people-plan", ORIGINS[-1], ORIGINS[-1] + DAY, stream="people")
        publish_planned(lake, "links-plan", ORIGINS[-1], ORIGINS[-1] + DAY, stream="links", make=make_capacity_plan)
        _write_rest(lake)


def define_streams(settings: Settings) -> None:
    """Definitions of the three streams."""
    define_stream(settings, "people", unit="calls", timezone=ZONE, horizon="3d", tables=PEOPLE)
    define_stream(settings, "links", unit="Mbit/s", timezone=ZONE, tables=LINKS)
    define_stream(settings, "peaks", unit="Mbit/s", interval="1d", horizon="100d", timezone=ZONE)


def publish(
    lake: Lake,
    run_id: str,
    stream: str,
    origin: datetime,
    *,
    names: tuple[str, ...],
    steps: int,
    hours: int = 1,
    shift: float = 0.0,
) -> None:
    """A run's forecasts and daily sums, and their publication six hours after the origin."""
    named = {"run_id": run_id, "stream": stream, "origin": origin, "hours": hours, "zero": ZERO, "shift": shift}
    lake.connection.execute(_FORECASTS, {**named, "names": list(names), "steps": steps})
    if hours == 1:
        lake.connection.execute(_DAYS, {"run_id": run_id})
    name_rows(lake, run_id, origin, origin + timedelta(hours=6), stream=stream, rows=len(names) * steps)


def write_demand(lake: Lake, stream: str, names: tuple[str, ...], *, hours: int, days: int = 40) -> None:
    """Demand of some weeks before the newest origin."""
    since = ORIGINS[-1] - days * DAY
    named = {"stream": stream, "since": since, "hours": hours, "names": list(names), "zero": ZERO}
    lake.connection.execute(_DEMAND, {**named, "steps": days * 24 // hours})


def _write_rest(lake: Lake) -> None:
    rows = [
        """insert into history.series by name
        select 'people' as stream, unnest(?) as series_id, ?::timestamptz as valid_from, valid_from as known_at,
        map {'region': 'on'} as attributes, 'pull' as run_id""",
        """insert into history.events by name
        select 'sale' as event_id, ?::timestamptz as known_at, 'campaign' as kind, '<b>Sale</b>' as name,
        map {'stream': 'people', 'region': 'nowhere'} as scope, known_at + interval 2 day as starts_at,
        known_at + interval 4 day as ends_at, false as withdrawn, 'pull' as run_id""",
        """insert into history.ingests by name
        select 'pull' as run_id, 'people' as stream, ?::timestamptz - interval 1 day as since,
        since + interval 1 day as until, 95 as rows, 95 as versions, 0 as withdrawn, 5 as rejected""",
        """insert into history.quarantine by name
        select 'people' as stream, 'pull' as run_id, row_no, 'unparsable_ts' as reason, '{"ts": "<i>noon</i>"}' as raw,
        'people.sql' as source, ?::timestamptz as seen_at from range(1, 6) as r(row_no)""",
        """insert into forecast.runs by name
        select 'train-1' as run_id, 'train' as kind, 'people' as stream, ?::timestamptz as origin, 'failed' as status,
        'x' as code_version, origin as started_at, 'no memory <left>' as message""",
        """insert into forecast.surges by name
        select 'people-2' as run_id, 'people' as stream, 'care.a' as series_id,
        ?::timestamptz - interval 3 day as starts_at, starts_at + interval 3 day as origin, origin as ends_at,
        3 as days, 4.5 as factor, true as ongoing""",
    ]
    lake.connection.execute(_EXPLANATIONS, {"names": list(NAMES), "origin": ORIGINS[-1]})
    lake.connection.execute(rows[0], [list(NAMES), FIRST - 40 * DAY])
    lake.connection.execute(rows[1], [FIRST])
    for row in rows[2:]:
        lake.connection.execute(row, [ORIGINS[-1]])
    for row in _PLANNERS:
        lake.connection.execute(row.replace("$origin", "$origin::timestamptz"), {"origin": ORIGINS[-1]})
