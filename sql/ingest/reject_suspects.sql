-- Suspects wait until their level has lasted; all of them do where a unit was changed for the whole feed.
insert into verdict
select suspect.row_no, 'unit_scale'
from suspect
inner join shift on suspect.series_id = shift.series_id
where $whole or not shift.settled or suspect.ts < shift.since
