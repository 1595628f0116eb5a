-- Call-detail events that call_volume.sql must not count: the reason, the whole row and its stamp. Grain: one row a
-- bad event. $since, $until timestamptz, $feed: as in the extract, whose header states the rules, and the same
-- window. An event whose stamp cannot be trusted is placed at its day of delivery and has no ts. A stamp after its
-- own day was not yet known when it was delivered, whatever $until is. handle_seconds stands in `raw` as text, for
-- JSON knows no infinity.
with
-- include templates/call_rejects.sql
rejected as (
    select reason, raw, ts, raw ->> 'queue_id' as series_id
    from placed
    where coalesce(ts, delivered) >= $since and coalesce(ts, delivered) < time_bucket(interval 30 minutes, $until)
)
select * from rejected
