-- Change half of the values that an origin must not know.
update history.demand
set y = 3 * coalesce(y, 0) + 7, weight = 11, censored = not coalesce(censored, false)
where stream = $stream and (available_at > $origin or ts >= $origin) and hash(series_id, ts, available_at) % 2 = 0
