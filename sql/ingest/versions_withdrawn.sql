-- Values that the source no longer holds, though it still reports their series, become unknown; where a person has confirmed
-- that what is gone is gone, those of series that it reports no longer too.
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
anti join (select series_id, ts from stamped where ts is not null) as present
    on latest.series_id = present.series_id and latest.ts = present.ts
where
    latest.y is not null
    and latest.ts >= $since
    and ($confirmed or latest.series_id in (select stamped.series_id from stamped where stamped.series_id is not null))
