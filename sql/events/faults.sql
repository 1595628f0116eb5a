-- Event rows that cannot be used, with the first thing that is wrong.
select
    coalesce(regexp_replace(event_id::varchar, '\p{Cc}', '?', 'g'), '(no event_id)') as event_id,
    case
        when event_id is null then 'event_id is missing'
        when kind is null or kind::varchar not in ('holiday', 'campaign', 'closure', 'outage', 'surge', 'demand')
            then 'kind is ' || coalesce(kind::varchar, 'missing') || '; expected holiday, campaign, closure, outage, surge or demand'
        when try_cast(starts_at as timestamptz) is null then 'starts_at is no timestamp'
        when try_cast(ends_at as timestamptz) is null then 'ends_at is no timestamp'
        when try_cast(ends_at as timestamptz) <= try_cast(starts_at as timestamptz) then 'ends_at is not after starts_at'
        when
            starts_at::timestamptz < timestamptz '1900-01-01'
            or ends_at::timestamptz > timestamptz '2200-01-01'
            then 'it lies outside of the years 1900 to 2200'
        when
            known_at is not null
            and coalesce(try_cast(known_at as timestamptz) not between timestamptz '1900-01-01' and timestamptz '2200-01-01', true)
            then 'known_at is no timestamp'
        when withdrawn is not null and try_cast(withdrawn as boolean) is null then 'withdrawn is neither true nor false'
        when scope is not null and (not json_valid(scope::varchar) or json_type(scope::varchar) <> 'OBJECT') then 'scope is no JSON object'
        when regexp_matches(concat_ws('', event_id, name, scope), '[\x00-\x08\x0E-\x1F\x7F]|\\u00[01]') then 'it holds control characters'
    end as fault
from event_rows
where fault is not null
