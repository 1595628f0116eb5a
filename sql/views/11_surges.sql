-- Surges of current publications, with what a person said of each since.
create or replace macro forecast.published_surges(published_by, origin_by, newest_only) as table
    with verdicts as (
        select
            event_id,
            kind,
            known_at,
            starts_at,
            ends_at,
            map_extract(scope, 'stream')[1] as stream,
            map_extract(scope, 'series_id')[1] as series_id
        from history.events
        qualify row_number() over (partition by event_id order by known_at desc) = 1 and not withdrawn and kind in ('surge', 'demand')
    )

    select
        surges.stream,
        surges.series_id,
        surges.starts_at,
        surges.ends_at,
        surges.days,
        surges.factor,
        surges.ongoing,
        case arg_max(verdicts.kind, verdicts.known_at)
            when 'surge' then 'confirmed'
            when 'demand' then 'rejected'
            else 'open'
        end as verdict,
        surges.origin,
        surges.run_id,
        publications.published_at,
        publications.complete,
        surges.starts_at at time zone streams.timezone as starts_local,
        surges.ends_at at time zone streams.timezone as ends_local,
        streams.unit
    from forecast.surges as surges
    inner join forecast.current_publications(false, published_by, origin_by, newest_only) as publications
        on surges.stream = publications.stream
        and surges.origin = publications.origin
        and surges.run_id = publications.run_id
    left join history.current_streams as streams on surges.stream = streams.stream
    left join verdicts
        on coalesce(verdicts.stream, surges.stream) = surges.stream
        and coalesce(verdicts.series_id, surges.series_id) = surges.series_id
        and surges.starts_at < verdicts.ends_at
        and verdicts.starts_at < surges.ends_at
    group by all;

create or replace view analyst.surges_latest as
    select *
    from forecast.published_surges('infinity'::timestamptz, 'infinity'::timestamptz, true)
    order by stream, starts_at desc, series_id;

comment on view analyst.surges_latest is 'Runs of days far above or below what a series does, as found at the newest origin of each stream; they are kept out of the forecast unless a person rejected them.';

create or replace macro analyst.surges_as_of(t) as table
    select *
    from forecast.published_surges(t, 'infinity'::timestamptz, false);

create or replace macro analyst.surges_from_origin(t) as table
    select *
    from forecast.published_surges('infinity'::timestamptz, t, true);
