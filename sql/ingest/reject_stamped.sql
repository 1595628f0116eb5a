insert into verdict
select row_no, reason
from stamped
where reason is not null
