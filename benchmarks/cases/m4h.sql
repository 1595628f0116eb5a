-- The series have no dates: their training parts are taken to end together.
with placed as (
    select
        series_id,
        timestamptz '2024-03-01 00:00:00+00' + interval 1 hour * (t - max(t) filter (where split = 'train') over (partition by series_id) - 1) as ts,
        value::double as y
    from read_parquet($feed)
)

select series_id, ts, y
from placed
where ts >= $since and ts < $until
