-- Attributes of each series as its newest row gives them: every column that is not a value.
create or replace temp table attributes as
select
    row_of.series_id,
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
inner join (
    select stamped.series_id, arg_max(stamped.row_no, stamped.ts) as row_no
    from stamped
    anti join verdict on stamped.row_no = verdict.row_no
    group by stamped.series_id
) as newest on row_of.row_no = newest.row_no
