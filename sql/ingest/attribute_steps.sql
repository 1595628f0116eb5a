-- Rows of the batch at which attributes of a series may begin to differ: its first one, each whose attributes are not those
-- of the row before it, and the first behind a change that is on record. Every column that is not a value is an attribute.
--
-- Of a value that an earlier ingest saw only the newest row counts: the older ones are on record. Attributes were known
-- when the demand of their row was (dated_by); where that is on record already and only they changed, this ingest learned
-- of them. Rows that were recalled from quarantine (below 0) lie before the batch and say nothing new of attributes.
create or replace temp table step as
with spans as (
    select series_id, min(ts) as first_ts, max(ts) as last_ts, min(attributes_hash) <> max(attributes_hash) as varies
    from good
    where row_no >= 0
    group by series_id
),

recorded as (
    select series.series_id, series.valid_from as ts
    from history.series as series
    inner join spans on series.series_id = spans.series_id
    where series.stream = $stream and series.valid_from <= spans.last_ts
),

searched as (
    select good.row_no, good.series_id, good.ts, good.available_at, good.attributes_hash
    from good
    inner join (
        select
            spans.series_id,
            spans.first_ts,
            spans.varies or coalesce(changes.last_ts > spans.first_ts, false) as whole
        from spans
        left join (select series_id, max(ts) as last_ts from recorded group by series_id) as changes
            on spans.series_id = changes.series_id
    ) as asked
        on good.series_id = asked.series_id and (asked.whole or good.ts = asked.first_ts)
    where good.row_no >= 0
),

seen as (
    select times.ts, max(ingests.until) as until
    from (select distinct ts from searched) as times
    inner join (select since, until from history.ingests where stream = $stream) as ingests
        on times.ts >= ingests.since and times.ts < ingests.until
    group by times.ts
),

judged as (
    select searched.*, seen.until is null or coalesce(searched.available_at > seen.until, false) as is_new
    from searched
    left join seen on searched.ts = seen.ts
),

kept as (
    select *
    from judged
    where is_new or available_at is null
    union all
    select *
    from judged
    where not is_new and available_at is not null
    qualify row_number() over (partition by series_id, ts order by available_at desc) = 1
),

followed as (
    select *, lag(attributes_hash) over steps as before
    from (
        select row_no, series_id, ts, available_at, is_new, attributes_hash
        from kept
        union all
        select null, series_id, ts, null, null, null
        from recorded
    )
    window steps as (partition by series_id order by ts, row_no is not null, available_at)
    qualify row_no is not null and attributes_hash is distinct from before
)

select row_no, row_no as dated_by, series_id, ts, available_at, is_new
from followed
