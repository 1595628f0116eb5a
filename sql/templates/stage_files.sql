-- Rows of some files of a table.
create or replace temp table merged as
select *
from @table@
where list_contains($files, filename)
