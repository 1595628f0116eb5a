-- Number of rows of a table and a sum over their hashes, whatever their order.
select count(*) as n, coalesce(sum(hash(rows)::hugeint), 0)::varchar as digest
from query_table($table) as rows
