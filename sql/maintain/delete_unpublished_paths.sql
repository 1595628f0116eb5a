-- The publication is looked for again: it may have come since the runs were listed.
delete from forecast.paths
where
    run_id in (select unnest($run_ids))
    and run_id not in (select run_id from forecast.publications)
