delete from version
where row_no in (select row_no from verdict)
