-- Rows of a span of local days as the contract sees them: an unknown value is 0 here and NaN is infinite, since a frame
-- does not distinguish NULL from NaN.
select row_no, series_id, ts, case when unknown then 0 when isnan(y) then 'infinity'::double else y end as y
from stamped
where reason is null and ts >= $since and ts < $until
