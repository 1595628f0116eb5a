-- Rows of history that the window did not ask for; they could not be compared with what is known of their time.
insert into verdict
select row_no, 'ts_before_since'
from stamped
where reason is null and ts >= $earliest and ts < $since
