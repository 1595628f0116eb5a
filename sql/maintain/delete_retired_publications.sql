delete from forecast.publications
where stream = $stream and origin < $since
