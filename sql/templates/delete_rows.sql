-- All rows of a table.
delete from @table@
