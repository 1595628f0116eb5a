select count(*)
from history.events
