-- Versions of a feed without a clock of its own. A value of an interval that no earlier ingest covered was known when the
-- interval had ended and its publication delay had passed; one that is late or changed became known when this
-- ingest learned of it.
create or replace temp table version as
with covered as (
    select distinct good.ts
    from (select distinct ts from good) as good
    semi join (select since, until from history.ingests where stream = $stream) as ingests
        on good.ts >= ingests.since and good.ts < ingests.until
)

select
    good.series_id,
    good.ts,
    good.y,
    good.weight,
    good.censored,
    case
        when latest.ts is not null then greatest($learned_at, latest.available_at + interval 1 microsecond)
        when covered.ts is not null then $learned_at
        else ripening.known_at
    end as available_at,
    good.row_no
from good
left join latest on good.series_id = latest.series_id and good.ts = latest.ts
left join covered on good.ts = covered.ts
left join ripening on good.ts = ripening.ts
where
    case
        when latest.ts is null then good.y is not null
        else
            good.y is distinct from latest.y
            or good.weight is distinct from latest.weight
            or good.censored is distinct from latest.censored
    end
