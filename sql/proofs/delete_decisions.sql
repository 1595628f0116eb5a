-- Decisions over models that are forgotten.
delete from forecast.decisions
where stream = $stream and decided_at_origin >= $since
