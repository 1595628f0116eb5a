-- The lake sorts them as the table is sorted.
insert into forecast.forecasts
select *
from merged
