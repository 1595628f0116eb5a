insert into history.ingests
select
    $run_id,
    $stream,
    $since,
    $until,
    (select count(*) from good),
    (select count(*) from version),
    (select count(*) from version where row_no is null),
    (select count(*) from rejected)
