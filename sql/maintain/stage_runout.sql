-- Rows of some files.
create or replace temp table merged as
select *
from planning.runout
where list_contains($files, filename)
