-- The rows that passed.
create or replace temp view good as
select * exclude (differ)
from keyed
where not differ
