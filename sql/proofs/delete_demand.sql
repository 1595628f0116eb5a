-- Delete the other half of the values that an origin must not know.
delete from history.demand
where
    stream = $stream
    and (available_at > $origin or ts >= $origin)
    and hash(series_id, ts, available_at) % 2 = 1
