-- How many series of the batch can say whether a unit was changed for all of them: those with values now and before.
select count(distinct good.series_id)
from good
semi join (
    select series_id from latest where y > 0
    union all
    select series_id from suspect
    union all
    select series_id from history.demand where stream = $stream and ts >= $since - $compared and ts < $since and y > 0
) as known on good.series_id = known.series_id
where good.y > 0
