-- What this batch holds.
select
    (select count(*) from extracted) as extracted,
    (select count(*) from good) as good,
    (select count(*) from version) as versions,
    (select count(*) from version where row_no is null) as withdrawn,
    (select count(*) from latest where y is not null) as known,
    (select count(*) from rejected) as rejected
