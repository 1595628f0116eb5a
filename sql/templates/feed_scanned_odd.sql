-- Values of a large feed that was read that are no good ones: rows by what becomes of them, and the text.
select
    case
        when y is null then 'unknown'
        when try_cast(y as double) is null then 'unreadable'
        when not isfinite(try_cast(y as double)) then 'not_finite'
        when try_cast(y as double) < 0 then 'negative'
        else 'good'
    end as verdict,
    y::varchar as y,
    rows
from (
    select rows, @value@ as y
    from (select rows, odd_read as @y@ from scanned where is_odd_set and is_odd)
)
