-- Rows of one file of a feed whose time or value cannot be read.
select count(*) as rows
from (
    @extract@
)
where ts is null or (y is not null and try_cast(y as double) is null)
