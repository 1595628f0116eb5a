-- Runs of a stream that was never published.
delete from forecast.runs
where stream = $stream
