-- Values known in the window of each series that the feed reports, and how many of them it no longer holds.
select
    latest.series_id,
    count(*) as known,
    count(withdrawn.ts) as withdrawn
from latest
semi join (select distinct series_id from stamped) as reported on latest.series_id = reported.series_id
left join (select series_id, ts from version where row_no is null) as withdrawn
    on latest.series_id = withdrawn.series_id and latest.ts = withdrawn.ts
where latest.y is not null and latest.ts >= $since
group by latest.series_id
order by latest.series_id
