-- A copy of a view without runs is emptied before it is filled again.
delete from copy_target.@schema@.@view@
