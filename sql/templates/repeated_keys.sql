-- Keys that several rows of a table have.
with repeated as (
    select @key@
    from @table@
    where @recent@
    group by all
    having count(*) > 1
)

select count(*) as failed, min(@named_key@) as first
from repeated
