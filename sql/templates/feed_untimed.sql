-- Texts of a time column in rows whose time cannot be read.
select coalesce(@column@::varchar, '') as text, count(*) as rows
from @rows@
where (@ts@) is null and @kept@
group by text
order by rows desc, text
limit 20
