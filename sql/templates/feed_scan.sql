-- A large feed in one reading: rows of each time, of each series and of each text that is no good value, and all that is
-- needed of the rows of some times.
create or replace temp table scanned as
with feed as (
    select
        @columns@,
        @times@,
        @number@ as number_read
    from @rows@
    where @kept@
),

judged as (
    select
        *,
        not coalesce(number_read >= 0 and number_read < 'infinity'::double, false) as is_odd,
        case when is_odd then @y@ end as odd_read
    from feed
)

select
    grouping(@moment@) = 0 as is_moment,
    grouping(is_odd) = 0 as is_odd_set,
    @groups@,
    is_odd,
    odd_read,
    count(*) as rows,
    count_if(not is_odd) as good,
    count(case when is_odd then @value@ end) as known_odd,
    list({@looked@}) filter (hash(@hashed@) % $share::ubigint = 0) as looked
from judged
group by grouping sets ((@moments@), (@keys@), (is_odd, odd_read))
