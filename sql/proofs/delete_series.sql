-- Delete the attributes that an origin must not know.
delete from history.series
where stream = $stream and (known_at > $origin or valid_from >= $origin)
