create or replace temp table suspect as
select row_no, series_id, ts, null::double as ratio
from stamped
