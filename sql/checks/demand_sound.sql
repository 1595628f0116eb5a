-- Values that no ingest lets in: of a series without a proper name, or that are infinite or cannot be.
select
    count(*) as failed,
    min(regexp_replace(series_id, '[\p{Cc}]', '?', 'g') || ' at ' || ts::varchar || ': ' || coalesce(y, weight, 0)::varchar) as first
from history.demand
where
    stream = $stream
    and ts >= $since
    and (
        regexp_full_match(series_id, '[\s\p{Z}]*')
        or regexp_matches(series_id, '\p{Cc}')
        or not coalesce(isfinite(y) and y between 0 and 1e30, true)
        or not coalesce(isfinite(weight) and weight between 0 and 1e30, true)
        or not isfinite(ts)
        or not isfinite(available_at)
    )
