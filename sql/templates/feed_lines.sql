-- First lines of a text feed that is not on this machine's disk, or packed.
select line
from read_csv($feed, columns = {'line': 'VARCHAR'}, delim = chr(1), quote = '', escape = '', header = false)
limit 400
