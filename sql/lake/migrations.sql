-- What was applied, each file with its newest checksum.
select name, arg_max(checksum, version)
from meta.migrations
group by name
