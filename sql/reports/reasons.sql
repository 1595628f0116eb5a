-- What the forecast of a day is made of, step by step: the newest day like it first, the published mean last.
select
    parts.series_id as series,
    parts.day,
    parts.part,
    parts.value as adds,
    sum(parts.value) over (partition by parts.series_id, parts.day order by parts.place) as so_far
from forecast.explanations as parts
inner join forecast.current_publications(false, 'infinity'::timestamptz, 'infinity'::timestamptz, false) as publications
    using (stream, origin, run_id)
where parts.stream = $stream and parts.origin = $origin and parts.subject = 'mean'
order by series, parts.day, parts.place
