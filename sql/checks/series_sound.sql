-- Attributes that no ingest lets in: none at all, not even an empty set, of a series without a proper name, or with control
-- characters.
select count(*) as failed, min(stream || ' ' || regexp_replace(series_id, '[\p{Cc}]', '?', 'g')) as first
from history.series
where
    regexp_full_match(series_id, '[\s\p{Z}]*')
    or regexp_matches(series_id, '\p{Cc}')
    or attributes is null
    or list_has_any(list_transform(map_values(attributes), lambda value: coalesce(regexp_matches(value, '\p{Cc}'), true)), [true])
    or not isfinite(valid_from)
    or not isfinite(known_at)
