-- Series that lost most of what was known keep it: their source was lost, not their values.
delete from version
where row_no is null and series_id in (select unnest($series::varchar[]))
