-- Series of one stream, an attribute a column.
create or replace view analyst.@view@ as
    select series.stream, series.series_id, series.first_ts@columns@
    from analyst.series as series
    where series.stream = @stream@
