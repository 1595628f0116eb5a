-- Series that are new, and those whose attributes changed.
insert into history.series
select $stream, series_id, valid_from, known_at, attributes, $run_id
from attribute_change
order by series_id, valid_from, known_at
