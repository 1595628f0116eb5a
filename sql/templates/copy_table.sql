-- Rows of the same table of another lake.
insert into @table@ by name
select *
from query_table($source)
