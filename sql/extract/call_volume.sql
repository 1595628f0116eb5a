-- Calls offered to a queue in half an hour, counted from call-detail events. Grain: (series_id, ts).
-- $since, $until timestamptz (whole intervals that end by $until); $feed glob of Parquet files under day=YYYY-MM-DD
-- (local day of delivery, so that late rows lie in a later day). It reads from seven days before $since, for the zeros.
--
-- `arrived_at` is text, local in America/Toronto, without offset. A stamp that does not exist on the clock is
-- rejected. In the doubled hour of autumn rows follow each other as they arrived: where the clock steps back by more
-- than 30 minutes from one row of that hour to the next, once in its file, the rows before are the first pass and the
-- rows after it the second; a file that does not step back exactly once has its doubled hour rejected.
-- Named rules: test_call (outcome 'test' is a technician's, dropped); repeated_delivery (a call delivered again,
-- equal in every column, counts once). Call ids that come with different values are rejected, every copy.
-- Zeros: a queue has one in every interval in which any queue had a call, for seven days after each call of its own.
-- So a new queue starts at its first call, a retired one ends a week after its last, and every window that is pulled
-- says the same. call_volume.rejects.sql judges rows by the same rules.
with
-- include templates/calls.sql
counted as (
    select queue_id, region, queue, skill, ts, n
    from (
        select queue_id, region, queue, skill, time_bucket(interval 30 minutes, stamp) as slot, count(*) as n
        from calls
        group by all
    ) join slots using (slot)
    where is_real and not is_doubled
    union all
    select queue_id, region, queue, skill, ts - if(pass = 0, interval 1 hour, interval 0 hours), count(*)
    from passes
    where steps_back = 1
    group by all
),
demand as materialized (
    select
        queue_id, ts, sum(n) as n, any_value(region) as region, any_value(queue) as queue, any_value(skill) as skill
    from counted
    where ts < time_bucket(interval 30 minutes, $until)
    group by queue_id, ts
),
filled as (
    select
        queue_id, spine.ts, coalesce(n, 0) as n,
        last_value(demand.ts ignore nulls) over before as last_call,
        last_value(region ignore nulls) over before as region,
        last_value(queue ignore nulls) over before as queue,
        last_value(skill ignore nulls) over before as skill
    from (select distinct queue_id from demand)
        cross join (select distinct ts from demand) as spine
        left join demand using (queue_id, ts)
    window before as (partition by queue_id order by spine.ts)
)
select queue_id as series_id, ts, n::double as y, region, queue, skill
from filled
where ts >= $since and ts - last_call < interval 7 days
