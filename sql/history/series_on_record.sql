-- The newest attributes of every series.
select stream, series_id, arg_max(attributes::json::varchar, (valid_from, known_at)) as attributes
from history.series
group by stream, series_id
order by stream, series_id
