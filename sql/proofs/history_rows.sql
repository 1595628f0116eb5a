-- How much a stream's history holds.
select
    (select count(*) from history.demand where stream = $stream) as values_held,
    (select count(*) from history.ingests where stream = $stream) as ingests
