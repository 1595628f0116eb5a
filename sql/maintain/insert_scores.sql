-- The lake sorts them as the table is sorted.
insert into evaluation.scores
select *
from merged
