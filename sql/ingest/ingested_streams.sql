select distinct stream
from history.ingests
