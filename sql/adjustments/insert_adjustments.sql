insert into planning.adjustments
select
    adjustment_id,
    known_at,
    scenario,
    stream,
    cast(scope::json as map(varchar, varchar)) as scope,
    starts_at,
    ends_at,
    metric,
    operation,
    value,
    reason,
    author,
    withdrawn_at
from given_adjustments
