-- New values that stand far over or under what their series showed at the same time of day in the last four weeks: a unit was
-- changed at the source, or the series really is another one now. Far is 30 times every single one of them. A few
-- such values are bursts: on a local day at least half of what can be compared must be like that, by 300 to 3,000 times in
-- the middle; of such a day what cannot be compared is in doubt too. A level that was accepted is compared with itself.
create or replace temp table suspect as
with accepted as (
    select series_id, since
    from history.acceptances
    where stream = $stream and reason = 'unit_scale'
),

new as (
    select
        version.row_no,
        version.series_id,
        version.ts,
        version.y,
        (version.ts at time zone $zone)::date as day,
        (version.ts at time zone $zone)::time as slot,
        accepted.since
    from version
    asof left join accepted on version.series_id = accepted.series_id and version.ts >= accepted.since
    where version.row_no is not null and version.y > 0
),

known as (
    select demand.series_id, demand.ts, arg_max_null(demand.y, demand.available_at) as y
    from history.demand as demand
    semi join (select distinct series_id from new) as reported on demand.series_id = reported.series_id
    where demand.stream = $stream and demand.ts >= $since - $compared and demand.ts < $until
    group by demand.series_id, demand.ts
),

usual as (
    select
        known.series_id,
        (known.ts at time zone $zone)::time as slot,
        accepted.since,
        median(known.y) as level,
        min(known.y) as least,
        max(known.y) as most
    from known
    anti join new on known.series_id = new.series_id and known.ts = new.ts
    asof left join accepted on known.series_id = accepted.series_id and known.ts >= accepted.since
    where known.y > 0
    group by known.series_id, slot, accepted.since
),

compared as (
    select
        new.row_no,
        new.series_id,
        new.day,
        new.y / usual.level as ratio,
        new.y > 30 * usual.most or new.y < usual.least / 30 as is_off
    from new
    inner join usual
        on new.series_id = usual.series_id and new.slot = usual.slot and new.since is not distinct from usual.since
),

days as (
    select series_id, day
    from compared
    group by series_id, day
    having
        2 * count(*) filter (is_off) >= count(*)
        and exp(abs(median(ln(ratio)) filter (is_off))) between 300 and 3000
)

select new.row_no, new.series_id, new.ts, compared.ratio
from new
inner join days on new.series_id = days.series_id and new.day = days.day
left join compared on new.row_no = compared.row_no
where coalesce(compared.is_off, true)
