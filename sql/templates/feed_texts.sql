-- Distinct texts of a column and how many rows have each, of many a part that is the same at every look.
select @column@::varchar as text, count(*) as rows
from @table@
where @column@ is not null
group by text
order by hash(text), text
limit $most
