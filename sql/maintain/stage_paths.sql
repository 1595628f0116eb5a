-- Rows of some files.
create or replace temp table merged as
select *
from forecast.paths
where list_contains($files, filename)
