-- How many series of the batch can say whether a unit was changed for all of them: those with values now and before whose
-- new level nobody has accepted; and how many there are whose level was accepted at about the time of these shifts.
with believed as (
    select distinct acceptances.series_id
    from history.acceptances as acceptances
    where
        acceptances.stream = $stream
        and acceptances.reason = 'unit_scale'
        and acceptances.since between (select min(since) - $lasting from shift) and (select max(since) + $lasting from shift)
        and acceptances.series_id not in (select series_id from suspect)
)

select
    count(distinct good.series_id) filter (believed.series_id is null),
    count(distinct good.series_id) filter (believed.series_id is not null)
from good
semi join (
    select series_id from latest where y > 0
    union all
    select series_id from suspect
    union all
    select series_id from history.demand where stream = $stream and ts >= $since - $compared and ts < $since and y > 0
) as known on good.series_id = known.series_id
left join believed on good.series_id = believed.series_id
where good.y > 0
