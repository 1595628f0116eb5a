-- The aggregates of a block's series, and of the groups that lie in it whole, that the lake holds now.
select level, group_key, stat, period, ts, mean, q05, q10, q25, q50, q75, q90, q95
from forecast.aggregates
where
    run_id = $run_id
    and stream = $stream
    and origin = $origin
    and case
        when level = 'series' then group_key in (select unnest($series_ids::varchar[]))
        else level || ':' || group_key in (select unnest($groups::varchar[]))
    end
