-- All rows of a view without runs, which is copied whole.
insert into copy_target.@schema@.@view@ by name
select *
from (@select@)
