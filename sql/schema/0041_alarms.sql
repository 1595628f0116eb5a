create table evaluation.measures (
    stream varchar not null,
    origin timestamptz not null,
    kind varchar not null,
    place varchar not null,
    value double not null,
    measured_at timestamptz not null
);

comment on table evaluation.measures is 'What checks measured at origins, append-only: what limits of alarms are learned from. Key: stream, origin, kind, place, measured_at; the greatest measured_at counts.';
comment on column evaluation.measures.stream is 'Stream that was checked.';
comment on column evaluation.measures.origin is 'Origin at which it was checked, UTC; nothing known later was used.';
comment on column evaluation.measures.kind is 'missing, feed_age, rejects, bias, accuracy, coverage, drift, fallbacks, run_time or publication.';
comment on column evaluation.measures.place is '* for the whole stream, else a group of its series such as region=north.';
comment on column evaluation.measures.value is 'Shares as numbers from 0 to 1, feed_age in hours, run_time in minutes.';
comment on column evaluation.measures.measured_at is 'Wall clock of the check.';

create table forecast.alarms (
    alarm_id varchar not null,
    stream varchar not null,
    origin timestamptz not null,
    known_at timestamptz not null,
    about varchar not null,
    kind varchar not null,
    place varchar not null,
    since timestamptz not null,
    state varchar not null,
    value double,
    usual double,
    lower_limit double,
    upper_limit double,
    excess double not null,
    detail varchar not null
);

comment on table forecast.alarms is 'Alarms from origin to origin, append-only; read analyst.alarms instead. Key: alarm_id, origin, known_at; the greatest known_at counts.';
comment on column forecast.alarms.alarm_id is 'Stream, subject and day on which it was raised; of a group also a hash of its name.';
comment on column forecast.alarms.stream is 'Stream that needs a person.';
comment on column forecast.alarms.origin is 'Origin at which it was checked, UTC.';
comment on column forecast.alarms.known_at is 'Wall clock of the check.';
comment on column forecast.alarms.about is 'feed, forecast or run.';
comment on column forecast.alarms.kind is 'Check that deviates most; detail names the others.';
comment on column forecast.alarms.place is '* for the whole stream, else a group of its series such as region=north.';
comment on column forecast.alarms.since is 'Origin at which it was raised, UTC.';
comment on column forecast.alarms.state is 'raised, lasting or over.';
comment on column forecast.alarms.value is 'What was measured, in the unit of evaluation.measures.';
comment on column forecast.alarms.usual is 'Usual value of such a day.';
comment on column forecast.alarms.lower_limit is 'Below it a single value is unusual.';
comment on column forecast.alarms.upper_limit is 'Above it a single value is unusual.';
comment on column forecast.alarms.excess is 'Deviation over what raises an alarm: 1 is at the limit.';
comment on column forecast.alarms.detail is 'What was found, in words.';

create table forecast.alarm_answers (
    stream varchar not null,
    alarm_id varchar not null,
    about varchar not null,
    place varchar not null,
    answer varchar not null,
    author varchar not null,
    reason varchar not null,
    until timestamptz,
    known_at timestamptz not null
);

comment on table forecast.alarm_answers is 'What was done about alarms, append-only. Key: stream, alarm_id, about, place, answer, known_at.';
comment on column forecast.alarm_answers.stream is 'Stream; * for every one.';
comment on column forecast.alarm_answers.alarm_id is 'Alarm that is acknowledged or was sent; * where alarms are muted.';
comment on column forecast.alarm_answers.about is 'What the alarms are about: feed, forecast or run; * for everything.';
comment on column forecast.alarm_answers.place is 'Group of series that is muted; * for all.';
comment on column forecast.alarm_answers.answer is 'acknowledged, muted, unmuted or sent.';
comment on column forecast.alarm_answers.author is 'Who answered; of what was sent the way: mail or webhook.';
comment on column forecast.alarm_answers.reason is 'Why.';
comment on column forecast.alarm_answers.until is 'First origin that is not muted any more, or before which an acknowledgement holds; NULL without end.';
comment on column forecast.alarm_answers.known_at is 'Wall clock of the answer.';
