-- Rows of a feed, all of them or of some instants all that they have: used while its stream is added.
create or replace temp table @table@ as
from @rows@ as feed
where @kept@
limit $most
