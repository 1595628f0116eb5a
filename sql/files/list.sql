-- Names of what a pattern of addresses matches in an object store; none is no error.
select file
from glob($pattern)
order by file
