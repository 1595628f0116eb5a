-- Where planners put adjustments: an ordinary table beside the lake, which jobs take them from. When a row was known is
-- said by the server alone.
call system.main.postgres_execute(
    'catalog_server',
    $pg$
    create schema if not exists planners;
    create table if not exists planners.inbox (
        id uuid primary key default gen_random_uuid(),
        known_at timestamptz not null default now(),
        scenario text not null default 'base',
        stream text not null,
        scope jsonb not null default '{}',
        starts_at timestamptz not null,
        ends_at timestamptz not null,
        metric text,
        operation text not null,
        value double precision not null,
        reason text,
        author text not null default session_user,
        check (ends_at > starts_at)
    )
    $pg$
)
