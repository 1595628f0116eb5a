-- What the suspects of each series amount to: since when its level is another, by which factor, and whether that has lasted
-- without a sound value behind it. Suspects before a sound value were a passing fault; they count where there is nothing else.
create or replace temp table shift as
with sound as (
    select series_id, max(ts) as ts
    from (
        select series_id, ts
        from version
        anti join suspect on version.row_no = suspect.row_no
        where row_no is not null and y > 0
        union all
        select latest.series_id, latest.ts
        from latest
        anti join suspect on latest.series_id = suspect.series_id and latest.ts = suspect.ts
        where latest.y > 0
    )
    group by series_id
),

runs as (
    select
        suspect.series_id,
        suspect.ts,
        suspect.ratio,
        sound.ts is null or suspect.ts > sound.ts as is_current
    from suspect
    left join sound on suspect.series_id = sound.series_id
)

select
    series_id,
    coalesce(min(ts) filter (is_current), min(ts)) as since,
    count(*) as values,
    coalesce(median(ratio) filter (is_current), median(ratio)) as factor,
    coalesce(
        max(ts) filter (is_current) + $interval - since >= $lasting
        and count(distinct ts) filter (is_current) >= 2
        and bool_and(ratio > 1) filter (is_current) = bool_or(ratio > 1) filter (is_current),
        false
    ) as settled,
    count(*) filter (is_current) = 0 as passed
from runs
group by series_id
