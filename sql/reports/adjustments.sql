-- Adjustments that touch the forecasts of the report, and what they change in them.
with asked as (
    select unnest($streams) as stream, unnest($origins) as origin
),

changes as (
    select
        finals.stream,
        unnest(finals.adjustment_ids) as adjustment_id,
        finals.mean - finals.statistical_mean as change,
        finals.unit
    from asked
    inner join analyst.forecast_final_as_of('infinity'::timestamptz) as finals
        on asked.stream = finals.stream and asked.origin = finals.origin
    where len(finals.adjustment_ids) > 0
)

select
    adjustments.stream,
    array_to_string(list_transform(map_entries(adjustments.scope), lambda one: one.key || '=' || one.value), ', ') as series,
    adjustments.starts_local,
    adjustments.ends_local,
    case adjustments.operation
        when 'percent' then printf('%+g%%', adjustments.value)
        when 'add' then printf('%+g', adjustments.value)
        when 'set' then 'set to ' || printf('%g', adjustments.value)
        when 'floor' then 'at least ' || printf('%g', adjustments.value)
        else 'at most ' || printf('%g', adjustments.value)
    end as what,
    adjustments.reason,
    adjustments.author,
    adjustments.adjustment_id,
    count(*) as intervals,
    if(coalesce(any_value(streams.aggregate), 'sum') = 'sum', sum(changes.change), avg(changes.change)) as change,
    any_value(changes.unit) as unit
from changes
inner join analyst.adjustments as adjustments on changes.adjustment_id = adjustments.adjustment_id
left join history.current_streams as streams on changes.stream = streams.stream
group by all
order by adjustments.stream, adjustments.starts_local, adjustments.adjustment_id
limit $most
