-- Versions of a feed that says when each value became known. A row is a version where it differs from what was known just
-- before. One that contradicts a version of the same instant was changed behind the feed's clock: it became known now.
create or replace temp table version as
with changes as (
    select *
    from good
    window steps as (partition by series_id, ts order by available_at)
    qualify
        row_number() over steps = 1
        or y is distinct from lag(y) over steps
        or weight is distinct from lag(weight) over steps
        or censored is distinct from lag(censored) over steps
),

known as (
    select series_id, ts, y, weight, censored, available_at
    from history.demand
    where stream = $stream and ts >= $since and ts < $until
),

compared as (
    select
        changes.*,
        known.available_at as known_at,
        latest.available_at as latest_at,
        changes.y is not distinct from known.y
        and changes.weight is not distinct from known.weight
        and changes.censored is not distinct from known.censored as same
    from changes
    asof left join known
        on changes.series_id = known.series_id
        and changes.ts = known.ts
        and changes.available_at >= known.available_at
    left join latest on changes.series_id = latest.series_id and changes.ts = latest.ts
)

select
    series_id,
    ts,
    y,
    weight,
    censored,
    case
        when known_at = available_at then greatest($learned_at, latest_at + interval 1 microsecond)
        else available_at
    end as available_at,
    row_no
from compared
where case when known_at is null then y is not null or latest_at is not null else not same end
