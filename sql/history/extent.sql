-- First and last interval that a stream has on record, and its watermark.
select
    (select min(ts) from history.demand where stream = $stream) as first_ts,
    (select max(ts) from history.demand where stream = $stream) as last_ts,
    (select max(until) from history.ingests where stream = $stream) as watermark
