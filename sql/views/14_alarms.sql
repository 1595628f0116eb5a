-- Alarms as they are known now: of each its newest origin, and what was answered.
create or replace view analyst.alarms as
    with newest as (
        select max_by(alarms, (origin, known_at)) as alarm
        from forecast.alarms as alarms
        group by alarm_id
    ),

    alarms as (
        select unnest(alarm) from newest
    ),

    words as (
        select
            alarm_id,
            arg_max(author, known_at) filter (where answer = 'acknowledged') as acknowledged_by,
            arg_max(reason, known_at) filter (where answer = 'acknowledged') as acknowledged_reason,
            arg_max_null(until, known_at) filter (where answer = 'acknowledged') as acknowledged_until,
            max(known_at) filter (where answer = 'sent') as sent_at
        from forecast.alarm_answers
        where alarm_id <> '*'
        group by alarm_id
    ),

    mutes as (
        select
            stream,
            about,
            place,
            arg_max(answer, known_at) as answer,
            arg_max(author, known_at) as author,
            arg_max_null(until, known_at) as until
        from forecast.alarm_answers
        where alarm_id = '*'
        group by stream, about, place
    ),

    muted as (
        select
            alarms.alarm_id,
            arg_max(mutes.author, coalesce(mutes.until, 'infinity'::timestamptz)) as muted_by,
            max(coalesce(mutes.until, 'infinity'::timestamptz)) as muted_until
        from alarms
        inner join mutes
            on mutes.stream in (alarms.stream, '*')
            and mutes.about in (alarms.about, '*')
            and mutes.place in (alarms.place, '*')
        where mutes.answer = 'muted' and alarms.origin < coalesce(mutes.until, 'infinity'::timestamptz)
        group by alarms.alarm_id
    )

    select
        alarms.alarm_id,
        alarms.stream,
        alarms.about,
        alarms.kind,
        alarms.place,
        alarms.state,
        alarms.since,
        alarms.since at time zone streams.timezone as since_local,
        alarms.origin,
        alarms.value,
        alarms.usual,
        alarms.lower_limit,
        alarms.upper_limit,
        alarms.excess,
        alarms.detail,
        words.acknowledged_by,
        words.acknowledged_reason,
        words.acknowledged_until,
        muted.muted_by,
        muted.muted_until,
        words.sent_at,
        alarms.state <> 'over'
        and muted.alarm_id is null
        and (
            words.acknowledged_by is null
            or alarms.origin >= coalesce(words.acknowledged_until, 'infinity'::timestamptz)
        ) as needs_person
    from alarms
    left join words on alarms.alarm_id = words.alarm_id
    left join muted on alarms.alarm_id = muted.alarm_id
    left join history.current_streams as streams on alarms.stream = streams.stream;

comment on view analyst.alarms is 'Alarms as of their newest origin, with what was answered; needs_person says whether anybody has to look.';
