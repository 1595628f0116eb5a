-- Publications of a run that is not on record, or that is on record for another stream or origin.
select count(*) as failed, min(publications.run_id) as first
from forecast.publications as publications
left join forecast.runs as runs
    on publications.run_id = runs.run_id
    and publications.stream = runs.stream
    and publications.origin = runs.origin
where publications.stream = $stream and publications.origin >= $since and runs.run_id is null
