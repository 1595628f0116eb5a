-- Series whose new values stand 300 to 3,000 times over or under their last four weeks: a unit was changed at the source.
-- The whole batch of such a series is rejected.
insert into verdict
with new as (
    select series_id, median(y) as level, min(ts) as first_ts
    from version
    where row_no is not null and y is not null
    group by series_id
),

past as (
    select series_id, median(y) as level
    from (
        select demand.series_id, demand.ts, arg_max_null(demand.y, demand.available_at) as y
        from history.demand as demand
        inner join new on demand.series_id = new.series_id
        where
            demand.stream = $stream
            and demand.ts >= $since - interval 28 day
            and demand.ts < $until
            and demand.ts >= new.first_ts - interval 28 day
            and demand.ts < new.first_ts
        group by demand.series_id, demand.ts
    )
    group by series_id
),

misscaled as (
    select new.series_id
    from new
    inner join past on new.series_id = past.series_id
    where past.level > 0 and new.level > 0 and greatest(new.level / past.level, past.level / new.level) between 300 and 3000
)

select version.row_no, 'unit_scale'
from version
semi join misscaled on version.series_id = misscaled.series_id
where version.row_no is not null
