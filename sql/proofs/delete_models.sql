-- Take the newest models off a copy's register, so that they are trained again.
delete from forecast.models
where stream = $stream and trained_until >= $since
