-- All rows of some files: the files end with this snapshot, and older ones still read them.
delete from @table@
where list_contains($files, filename)
