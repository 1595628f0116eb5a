create table forecast.withdrawals (
    stream varchar not null,
    origin timestamptz not null,
    known_at timestamptz not null,
    reason varchar not null,
    author varchar not null
);

comment on table forecast.withdrawals is 'Publications that are not current any more, append-only: the forecast and the plan of an origin that were published by then. Key: stream, origin, known_at.';
comment on column forecast.withdrawals.stream is 'Stream whose forecast and plan are withdrawn.';
comment on column forecast.withdrawals.origin is 'First instant that they did not know, UTC.';
comment on column forecast.withdrawals.known_at is 'When they were withdrawn: what is published of the origin later is current again.';
comment on column forecast.withdrawals.reason is 'Why.';
comment on column forecast.withdrawals.author is 'Who withdrew them.';
