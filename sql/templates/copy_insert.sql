-- Rows of runs that a copy lacks.
insert into copy_target.@schema@.@view@ by name
select *
from (@select@)
where run_id not in (select distinct run_id from copy_target.@schema@.@view@)
