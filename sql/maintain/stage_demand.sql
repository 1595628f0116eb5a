-- Rows of some files.
create or replace temp table merged as
select *
from history.demand
where list_contains($files, filename)
