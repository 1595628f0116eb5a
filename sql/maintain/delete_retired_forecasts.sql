-- Of published runs only: one that is at work on such an origin has no publication yet.
delete from forecast.forecasts
where
    stream = $stream
    and origin < $since
    and run_id in (
        select run_id
        from forecast.publications
        where stream = $stream and origin < $since and kind in ('nightly', 'manual', 'backfill')
    )
