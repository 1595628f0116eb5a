-- Sizes of stored files in bytes; contents are not read.
select filename, size
from read_blob($pattern)
