insert into meta.migrations
select coalesce(max(version), 0) + 1, $name, $checksum
from meta.migrations
