-- Waiting rows whose level a person believes, as rows of a batch, the newest of each key.
create or replace temp table stamped as
select
    -row_number() over (order by series_id, ts) as row_no,
    series_id,
    ts,
    false as unknown,
    try_cast(json_extract_string(raw, '$.y') as double) as y,
    try_cast(json_extract_string(raw, '$.available_at') as timestamptz) as available_at,
    try_cast(json_extract_string(raw, '$.weight') as double) as weight,
    try_cast(json_extract_string(raw, '$.censored') as boolean) as censored,
    null::ubigint as attributes_hash,
    null::varchar as reason
from history.quarantine
where
    stream = $stream
    and reason = 'unit_scale'
    and resolved_at is null
    and ts < $until
    and ($all or series_id in (select unnest($series::varchar[])))
qualify row_number() over (partition by series_id, ts, available_at order by seen_at desc) = 1
