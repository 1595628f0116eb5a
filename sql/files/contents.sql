-- Contents of what a pattern of addresses matches in an object store, which must be something.
select filename, content
from read_blob($pattern)
