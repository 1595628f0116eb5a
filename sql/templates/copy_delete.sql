-- Rows of a copy whose runs are no longer current.
delete from copy_target.@schema@.@view@
where run_id not in (select distinct run_id from analyst.@view@)
