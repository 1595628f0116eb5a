-- All rows of a stream, in a copy of its lake.
delete from @table@
where stream = $stream
