-- Sums of a stream that was never published.
delete from forecast.aggregates
where stream = $stream
