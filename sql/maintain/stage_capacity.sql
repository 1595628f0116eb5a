-- Rows of some files.
create or replace temp table merged as
select *
from planning.capacity
where list_contains($files, filename)
