-- Rejected rows, by stream and reason.
select
    stream,
    reason,
    count(*) as rows,
    count(distinct series_id) as series,
    min(series_id) as first_series,
    min(ts) as first_ts,
    max(ts) as last_ts
from history.quarantine
where ($stream is null or stream = $stream) and ($every or resolved_at is null)
group by stream, reason
order by stream, rows desc, reason
