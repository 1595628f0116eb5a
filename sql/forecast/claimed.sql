-- What a publication claims of its rows: their hash, their number and the model that they came from.
select publications.content_hash, publications.rows, runs.model_id
from forecast.publications as publications
left join forecast.runs as runs on publications.run_id = runs.run_id
where publications.run_id = $run_id and publications.stream = $stream and publications.origin = $origin
