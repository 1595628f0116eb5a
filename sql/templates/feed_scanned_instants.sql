-- Of the times of a large feed of which all rows were looked at: rows, those that share a time and a key, and rows that a
-- series lacks between its first time and its last.
with looked as (
    select @ts@ as ts_read, @series@ as series_read
    from (select unnested.* from (select unnest(looked) as unnested from scanned where is_odd_set))
),

keyed as (
    select ts_read, series_read, count(*) as rows
    from looked
    where ts_read is not null and series_read is not null and not @doubled@
    group by all
),

placed as (
    select series_read, dense_rank() over (order by ts_read) as place
    from keyed
)

select
    (select coalesce(sum(rows), 0) from keyed)::bigint as rows,
    (select coalesce(sum(rows) filter (rows > 1), 0) from keyed)::bigint as shared,
    (
        select coalesce(sum(lacking), 0)
        from (select max(place) - min(place) + 1 - count(*) as lacking from placed group by series_read)
    )::bigint as lacking
