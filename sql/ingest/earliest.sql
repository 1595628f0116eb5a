-- First of the rows that were recalled from quarantine.
select min(ts)
from stamped
where row_no < 0
