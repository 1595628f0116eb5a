-- Event rows that cannot be used, with the first thing that is wrong.
select
    coalesce(event_id::varchar, '(no event_id)') as event_id,
    case
        when event_id is null then 'event_id is missing'
        when kind is null or kind::varchar not in ('holiday', 'campaign', 'closure', 'outage', 'surge', 'demand')
            then 'kind is ' || coalesce(kind::varchar, 'missing') || '; expected holiday, campaign, closure, outage, surge or demand'
        when try_cast(starts_at as timestamptz) is null then 'starts_at is no timestamp'
        when try_cast(ends_at as timestamptz) is null then 'ends_at is no timestamp'
        when try_cast(ends_at as timestamptz) <= try_cast(starts_at as timestamptz) then 'ends_at is not after starts_at'
        when scope is not null and (not json_valid(scope::varchar) or json_type(scope::varchar) <> 'OBJECT') then 'scope is no JSON object'
    end as fault
from event_rows
where fault is not null
