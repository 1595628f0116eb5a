-- Series of which the feed holds no row at all in the window, and how many known values of each are withdrawn.
select version.series_id, count(*) as withdrawn
from version
anti join (select distinct series_id from stamped) as reported on version.series_id = reported.series_id
where version.row_no is null
group by version.series_id
order by version.series_id
