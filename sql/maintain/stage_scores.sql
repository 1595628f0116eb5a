-- Rows of some files.
create or replace temp table merged as
select *
from evaluation.scores
where list_contains($files, filename)
