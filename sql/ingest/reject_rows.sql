-- Rejected rows of the batch, every field as the text that the source gave; a row goes on record under one reason.
insert into rejected
select
    reasons.reason,
    json_merge_patch(to_json(row_of), '{"row_no": null}')::varchar as raw,
    stamped.ts
from (select row_no, min(reason) as reason from verdict group by row_no) as reasons
inner join (
    select rowid as row_no, columns(*)::varchar
    from extracted
    where rowid in (select row_no from verdict)
) as row_of on reasons.row_no = row_of.row_no::bigint
left join stamped on reasons.row_no = stamped.row_no
