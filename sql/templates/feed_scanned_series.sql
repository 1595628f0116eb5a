-- Series of a large feed that was read.
select count(distinct @series@) as series
from scanned
where not is_moment and not is_odd_set
