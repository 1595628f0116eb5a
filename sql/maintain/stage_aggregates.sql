-- Rows of some files.
create or replace temp table merged as
select *
from forecast.aggregates
where list_contains($files, filename)
