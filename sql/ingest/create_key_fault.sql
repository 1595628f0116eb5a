-- What is wrong with a key: it is blank, or nobody could name it: control characters, signs of broken text, blanks at its
-- ends, too long. The lake's catalog cannot hold all of these, and two keys that look alike would be two series.
create or replace temp macro key_fault(key) as case
    when key is null or regexp_full_match(key, '[\s\p{Z}]*') then 'missing_key'
    when length(key) > 255 or regexp_matches(key, '[\p{Cc}\x{FEFF}\x{FFFD}\x{2028}\x{2029}]|^[\s\p{Z}]|[\s\p{Z}]$') then 'malformed_key'
end
