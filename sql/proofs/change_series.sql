-- Change every attribute of every series just after an origin.
insert into history.series
select
    stream,
    series_id,
    valid_from,
    $after as known_at,
    map_from_entries(list_transform(
        map_entries(attributes), lambda entry: struct_pack(key := entry.key, value := 'changed ' || entry.value)
    )) as attributes,
    'proof' as run_id
from history.series
where stream = $stream
