-- What the rows say of attributes at which they may begin to differ, and when that became known.
create or replace temp table stated as
select
    step.series_id,
    step.ts,
    row_number() over (partition by step.series_id, step.ts order by step.available_at) as place,
    coalesce(
        version.available_at,
        case when step.is_new then coalesce(step.available_at, ripening.known_at) else $learned_at end
    ) as known_at,
    map_from_entries(
        list_filter(
            map_entries(
                json_merge_patch(
                    to_json(row_of),
                    '{"row_no": null, "series_id": null, "ts": null, "y": null, "available_at": null, "weight": null, "censored": null}'
                )::map(varchar, varchar)
            ),
            lambda entry: entry.value is not null
        )
    ) as attributes
from (select * from batch) as row_of
inner join step on row_of.row_no = step.row_no
left join ripening on step.ts = ripening.ts
left join version on step.dated_by = version.row_no
