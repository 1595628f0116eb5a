-- Bytes that a row of a text feed has, by its first rows.
select avg(strlen(concat_ws(',', *columns(*)))) + 1 as width
from first_rows
