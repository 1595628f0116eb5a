-- Rows with a control character or broken text in an attribute: no name of anything, and the lake cannot hold all of them.
insert into verdict
select extracted.rowid, 'malformed_attribute'
from extracted
where
    regexp_matches(
        concat_ws('', *columns(name -> lower(name) not in ('series_id', 'ts', 'y', 'available_at', 'weight', 'censored'))),
        '[\p{Cc}\x{FFFD}]'
    )
    and extracted.rowid not in (select row_no from verdict)
