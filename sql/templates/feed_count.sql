-- Rows of a feed that knows their number: used once, when its stream is added.
select count(*) as rows
from @rows@
