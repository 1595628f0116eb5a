-- Delete the events that an origin must not know.
delete from history.events
where known_at > $origin
