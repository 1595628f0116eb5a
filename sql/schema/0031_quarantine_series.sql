alter table history.quarantine add column series_id varchar;

comment on column history.quarantine.series_id is 'Series that the row names, with ? for characters that no key may have; NULL where it names none.';

update history.quarantine
set series_id = left(regexp_replace(nullif(trim(json_extract_string(raw, '$.series_id')), ''), '[\p{Cc}\x{FEFF}\x{FFFD}\x{2028}\x{2029}]', '?', 'g'), 255)
where json_valid(raw);
