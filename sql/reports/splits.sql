-- The days whose forecast changed most since the origin before, and what each step from its inputs to today's adds.
select
    parts.series_id as series,
    parts.day,
    sum(parts.value) as change,
    sum(parts.value) filter (where parts.part = 'new demand') as new_demand,
    sum(parts.value) filter (where parts.part = 'revised demand') as revised_demand,
    sum(parts.value) filter (where parts.part = 'events') as events,
    sum(parts.value) filter (where parts.part = 'model') as model,
    sum(parts.value) filter (where parts.part = 'weights') as weights,
    sum(parts.value) filter (where parts.part = 'agreement of sums') as sums,
    sum(parts.value) filter (where parts.part = 'rest') as rest
from forecast.explanations as parts
inner join forecast.current_publications(false, 'infinity'::timestamptz, 'infinity'::timestamptz, false) as publications
    using (stream, origin, run_id)
where parts.stream = $stream and parts.origin = $origin and parts.subject = 'change'
group by parts.series_id, parts.day
order by round(abs(change), 6) desc, series, parts.day
limit $most
