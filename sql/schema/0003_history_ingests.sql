create table history.ingests (
    run_id varchar not null,
    stream varchar not null,
    since timestamptz not null,
    until timestamptz not null,
    rows bigint not null,
    versions bigint not null,
    withdrawn bigint not null,
    rejected bigint not null
);

comment on table history.ingests is 'Windows that were ingested. Key: run_id. The watermark of a stream is its greatest until.';
comment on column history.ingests.run_id is 'Ingest run.';
comment on column history.ingests.stream is 'Stream that was ingested.';
comment on column history.ingests.since is 'Start of the window, inclusive, UTC.';
comment on column history.ingests.until is 'End of the window, exclusive, UTC.';
comment on column history.ingests.rows is 'Good rows that the extract returned.';
comment on column history.ingests.versions is 'Rows that were new or changed and so became versions in history.demand, withdrawals included.';
comment on column history.ingests.withdrawn is 'Values that the source no longer holds and that became versions with y NULL.';
comment on column history.ingests.rejected is 'Rows that went to history.quarantine.';
