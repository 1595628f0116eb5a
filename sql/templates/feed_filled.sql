-- Rows of a sample, those in which a column is filled, and how many values it has.
select count(*) as rows, count(@column@) as filled, count(distinct @column@) as values
from @table@
