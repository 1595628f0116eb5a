-- The lake sorts them as the table is sorted.
insert into history.demand
select *
from merged
