-- Adjustments as known at an instant, in the order in which they are applied: that in which they became known.
with versions as (
    select
        *,
        min(known_at) over (partition by adjustment_id) as first_known_at,
        row_number() over (partition by adjustment_id order by known_at desc) as version
    from planning.adjustments
    where
        known_at <= $known_by
        and ($stream is null or stream = $stream)
        and ($scenarios is null or list_contains($scenarios, scenario))
)

select
    adjustment_id,
    first_known_at as known_at,
    scenario,
    stream,
    scope::json::varchar as scope,
    starts_at,
    ends_at,
    metric,
    operation,
    value,
    reason,
    author,
    withdrawn_at
from versions
where version = 1
order by first_known_at, adjustment_id
