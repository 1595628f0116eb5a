-- What this batch holds.
select
    (select count(*) from extracted) as extracted,
    (select count(*) from good where row_no >= 0) as good,
    (select count(*) from version) as versions,
    (select count(*) from version where row_no is null) as withdrawn,
    (select count(*) from rejected) as rejected,
    (select min(ts) from stamped where row_no >= 0) as first_ts
