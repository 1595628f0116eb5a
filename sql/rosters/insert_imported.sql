insert into planning.imported_rosters
select $stream, pool_id, day::date, starts_at, ends_at, people, $known_at, $source
from imported_rows
order by pool_id, starts_at, ends_at
