-- Published origins of a stream up to an instant that have the same local clock time as it, oldest first, and the rows of each.
select publications.origin, max(publications.rows) as rows
from forecast.valid_publications as publications
where publications.stream = $stream
    and publications.kind not in ('plan', 'scenario')
    and publications.origin >= $since
    and publications.origin <= $origin
    and strftime(publications.origin at time zone $zone, '%H:%M') = strftime($origin::timestamptz at time zone $zone, '%H:%M')
group by publications.origin
order by publications.origin
