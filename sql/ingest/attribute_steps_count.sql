-- Rows at which attributes may begin to differ, and rows in all.
select (select count(*) from step) as steps, (select count(*) from good) as rows
