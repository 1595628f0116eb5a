-- Rows of some files.
create or replace temp table merged as
select *
from forecast.forecasts
where list_contains($files, filename)
