-- Rows of earlier windows that wait in quarantine because their level was not believed: they are judged again with what came
-- after them. Where a series has a sound value behind them they were a passing fault, which only a person takes in.
insert into stamped by name
with waiting as (
    select series_id, ts, raw, seen_at
    from history.quarantine
    where stream = $stream and reason = 'unit_scale' and resolved_at is null and series_id is not null and ts < $since
),

followed as (
    select demand.series_id, max(demand.ts) as last_ts
    from history.demand as demand
    inner join (select series_id, min(ts) as first_ts from waiting group by series_id) as spans
        on demand.series_id = spans.series_id and demand.ts > spans.first_ts
    where demand.stream = $stream and demand.y > 0
    group by demand.series_id
)

select
    -row_number() over (order by waiting.series_id, waiting.ts) as row_no,
    waiting.series_id,
    waiting.ts,
    false as unknown,
    try_cast(json_extract_string(waiting.raw, '$.y') as double) as y,
    try_cast(json_extract_string(waiting.raw, '$.available_at') as timestamptz) as available_at,
    try_cast(json_extract_string(waiting.raw, '$.weight') as double) as weight,
    try_cast(json_extract_string(waiting.raw, '$.censored') as boolean) as censored,
    null::varchar as reason
from waiting
left join followed on waiting.series_id = followed.series_id
where followed.last_ts is null or waiting.ts > followed.last_ts
qualify row_number() over (partition by waiting.series_id, waiting.ts, available_at order by waiting.seen_at desc) = 1
