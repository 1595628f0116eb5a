-- Values of one series in a span, as known now.
select ts, arg_max_null(y, available_at) as y
from history.demand
where stream = $stream and series_id = $series and ts >= $since and ts < $until
group by ts
order by ts
