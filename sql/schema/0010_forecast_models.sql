create table forecast.models (
    model_id varchar not null,
    stream varchar not null,
    members varchar[] not null,
    trained_until timestamptz not null,
    parent_model_id varchar,
    n_steps map(varchar, bigint) not null,
    seed bigint not null,
    snapshot_id bigint not null,
    config_hash varchar not null,
    uri varchar not null,
    checksum varchar not null,
    run_id varchar not null
);

comment on table forecast.models is 'Trained models, immutable. Key: model_id.';
comment on column forecast.models.model_id is 'Key of the model: stream, day of trained_until and config_hash.';
comment on column forecast.models.stream is 'Stream that it was trained on.';
comment on column forecast.models.members is 'Trained members.';
comment on column forecast.models.trained_until is 'Retrain boundary: nothing known after it was used, UTC.';
comment on column forecast.models.parent_model_id is 'Model whose weights training started from; NULL for a cold start.';
comment on column forecast.models.n_steps is 'Optimiser steps of each member, fixed from the budget before training.';
comment on column forecast.models.seed is 'Seed of training.';
comment on column forecast.models.snapshot_id is 'Lake snapshot that training read.';
comment on column forecast.models.config_hash is 'Hash of the parts of the stream definition that shape a model.';
comment on column forecast.models.uri is 'Folder of the weights, below FORECASTING_MODELS.';
comment on column forecast.models.checksum is 'SHA-256 of the model''s files.';
comment on column forecast.models.run_id is 'Run that trained it.';
