-- Sample paths of a stream that was never published.
delete from forecast.paths
where stream = $stream
