-- Rows of some files.
create or replace temp table merged as
select *
from planning.rosters
where list_contains($files, filename)
