-- Rows of some files.
create or replace temp table merged as
select *
from planning.staffing
where list_contains($files, filename)
