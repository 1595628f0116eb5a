-- Single calls of a log, in the order in which they arrived.
select
    series_id::varchar as series_id,
    epoch_us(arrived_at::timestamptz) / 1e6 as at,
    handle_seconds::double as handle_seconds,
    waited_seconds::double as waited_seconds,
    answered::boolean as answered
from call_log
where arrived_at is not null
order by arrived_at, series_id, handle_seconds, waited_seconds
