insert into verdict
select row_no, reason
from faults
