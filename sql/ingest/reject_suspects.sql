-- Suspects wait until their level has lasted.
insert into verdict
select suspect.row_no, 'unit_scale'
from suspect
inner join shift on suspect.series_id = shift.series_id
where not shift.settled or suspect.ts < shift.since
