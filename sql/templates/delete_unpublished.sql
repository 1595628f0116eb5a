-- Rows of runs that were never published. The publication is looked for again: it may have come since the runs were listed.
delete from @table@
where
    run_id in (select unnest($run_ids))
    and run_id not in (select run_id from forecast.publications)
