-- Rows of the lake, as clients of a server name them.
create view if not exists memory.@schema@.@name@ as
    select *
    from @lake@.@schema@.@name@
