-- Rows of a stream that was never published.
delete from forecast.forecasts
where stream = $stream
