describe
select *
from @reader@($feed)
