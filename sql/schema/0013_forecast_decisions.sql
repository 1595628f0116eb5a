create table forecast.decisions (
    stream varchar not null,
    decided_at_origin timestamptz not null,
    challenger varchar not null,
    champion varchar not null,
    gain double,
    noise double,
    verdict varchar not null,
    incumbent varchar,
    wql_challenger double,
    wql_incumbent double,
    held_back integer not null,
    series integer not null,
    reason varchar not null,
    decided_by varchar not null,
    run_id varchar,
    config_hash varchar not null,
    decided_at timestamptz not null
);

comment on table forecast.decisions is 'Who is champion, append-only: as of an origin it is the champion of the newest row with decided_at_origin up to it, the row''s config_hash being the stream''s and its verdict not kept. Key: stream, decided_at_origin, challenger, decided_at.';
comment on column forecast.decisions.stream is 'Stream that the models forecast.';
comment on column forecast.decisions.decided_at_origin is 'From this origin on the decision holds, UTC: the retrain boundary, or what a person chose.';
comment on column forecast.decisions.challenger is 'Model that was judged or chosen.';
comment on column forecast.decisions.champion is 'Champion after the decision.';
comment on column forecast.decisions.gain is 'WQL that the challenger saves on held-back origins, relative to the incumbent''s; negative where it loses more, NULL without a contest.';
comment on column forecast.decisions.noise is 'Gain that sampling noise alone exceeds in one contest of ten; NULL where there is too little evidence.';
comment on column forecast.decisions.verdict is 'first (no champion yet), promoted (gain above noise), aged (not measurably worse than a champion of four retrain periods), uncontested (the champion could not be scored), manual (a person''s choice), kept (the champion stays).';
comment on column forecast.decisions.incumbent is 'Champion before the decision; NULL for the first.';
comment on column forecast.decisions.wql_challenger is 'Weighted quantile loss of the challenger on the held-back origins.';
comment on column forecast.decisions.wql_incumbent is 'Weighted quantile loss of the incumbent on the same.';
comment on column forecast.decisions.held_back is 'Held-back origins that both were scored on.';
comment on column forecast.decisions.series is 'Series that both were scored on.';
comment on column forecast.decisions.reason is 'The decision in words.';
comment on column forecast.decisions.decided_by is 'train, or the person.';
comment on column forecast.decisions.run_id is 'Run that decided; NULL for a person.';
comment on column forecast.decisions.config_hash is 'Hash of the parts of the stream definition that shape a model; decisions of another definition do not count.';
comment on column forecast.decisions.decided_at is 'Wall clock, for audits and for the order of decisions of one origin.';

-- until now the newest model was champion from its boundary on
insert into forecast.decisions
select
    stream,
    trained_until,
    model_id,
    model_id,
    null,
    null,
    'uncontested',
    lag(model_id) over models,
    null,
    null,
    0,
    0,
    'trained before contests were held: the newest model was champion',
    'train',
    run_id,
    config_hash,
    trained_until + to_microseconds(row_number() over models)
from forecast.models
window models as (partition by stream, config_hash order by trained_until, model_id);
