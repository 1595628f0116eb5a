select series_id, since, values, factor, settled, passed
from shift
order by series_id
