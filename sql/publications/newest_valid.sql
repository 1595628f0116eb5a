-- Newest origin of a stream whose forecast stands.
select max(origin) from forecast.valid_publications where stream = $stream and kind not in ('plan', 'scenario')
