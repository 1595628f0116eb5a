select series_id::varchar as series_id, ts at time zone 'UTC' as ts, value::double as y
from read_parquet($feed)
where ts at time zone 'UTC' >= $since and ts at time zone 'UTC' < $until
