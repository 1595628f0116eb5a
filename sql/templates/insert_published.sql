-- Rows of a run for an origin; no view shows them before a publication names the run. The lake sorts them as the table is
-- sorted.
insert into @table@ by name
select $run_id as run_id, $stream as stream, $origin as origin, *
from published_rows
