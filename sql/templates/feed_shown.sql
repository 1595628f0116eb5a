-- First rows of a sample as they are read: key, local time and value, beside the row as it stands.
select series_read::varchar as series_id, local_read as ts, y_read::varchar as y, @columns@
from readings
limit $most
