-- Values that the source no longer holds, though it still reports their series, become unknown.
insert into version
select
    latest.series_id,
    latest.ts,
    null,
    null,
    null,
    greatest($learned_at, latest.available_at + interval 1 microsecond),
    null
from latest
semi join (select distinct series_id from stamped) as reported on latest.series_id = reported.series_id
anti join (select series_id, ts from stamped where ts is not null) as present
    on latest.series_id = present.series_id and latest.ts = present.ts
where latest.y is not null and latest.ts >= $since
