-- Events that shape demand: holidays beyond the calendar, campaigns, outages, closures. Grain: (event_id, known_at).
-- $feed: CSV with a header: event_id, kind, starts_at, ends_at and, if wanted, known_at, name, withdrawn, and the scope
-- as one column `scope` (a JSON object) or as columns of its own: stream, series_id, region or any other attribute. Times
-- carry an offset, or are local times. Scope columns that are empty do not narrow the scope; an event without any touches
-- every series. An event that is taken back comes again, later known, with withdrawn = true.
select *
from read_csv($feed, header = true, all_varchar = true)
