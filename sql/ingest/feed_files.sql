-- Files of a feed.
select file from glob($feed) order by file
