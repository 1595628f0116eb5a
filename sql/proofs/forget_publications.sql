-- As if a stream had never been published.
delete from forecast.publications
where stream = $stream
