delete from forecast.publications
where stream = $stream and origin < $since and kind in ('nightly', 'manual', 'backfill')
