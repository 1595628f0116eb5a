-- Rejected rows of the batch, every field as the text that the source gave; a row goes on record under one reason.
insert into rejected
with reasons as (
    select row_no, min(reason) as reason
    from verdict
    where row_no >= 0
    group by row_no
),

texts as (
    select place.row_no, to_json(fields)::varchar as raw
    from (select rowid as row_no from extracted where rowid in (select row_no from reasons) order by rowid) as place
    positional join (
        select columns(*)::varchar from extracted where rowid in (select row_no from reasons) order by rowid
    ) as fields
)

select reasons.reason, texts.raw, stamped.ts, stamped.series_id
from reasons
inner join texts on reasons.row_no = texts.row_no
left join stamped on reasons.row_no = stamped.row_no
