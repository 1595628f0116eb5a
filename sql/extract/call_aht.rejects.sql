-- Call-detail events that call_aht.sql must not count: those of call_volume.rejects.sql, by the same rules. So that either
-- stream is repaired by a replay of its own quarantine. Grain: one row a bad event. $since, $until timestamptz, $feed: as
-- in the extract, and the same window.
with
-- include templates/call_rejects.sql
rejected as (
    select reason, raw, ts, raw ->> 'queue_id' as series_id
    from placed
    where coalesce(ts, delivered) >= $since and coalesce(ts, delivered) < time_bucket(interval 1 hour, $until)
)
select * from rejected
