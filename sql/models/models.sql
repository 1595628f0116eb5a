-- Models, newest first: which is champion of a present definition and since when, and how each fared as a challenger.
with judged as (
    select
        challenger as model_id,
        arg_max(verdict, decided_at) as verdict,
        arg_max(gain, decided_at) as gain,
        arg_max(noise, decided_at) as noise
    from forecast.decisions
    where $stream is null or stream = $stream
    group by challenger
),

champions as (
    select
        arg_max(champion, (decided_at_origin, decided_at)) as model_id,
        max(decided_at_origin) as champion_since
    from forecast.decisions
    where verdict <> 'kept' and list_contains($definitions, config_hash) and ($stream is null or stream = $stream)
    group by stream
)

select
    models.model_id,
    models.stream,
    models.trained_until,
    champions.champion_since,
    judged.verdict,
    judged.gain,
    judged.noise,
    array_to_string(
        list_transform(map_entries(models.n_steps), lambda entry: entry.key || ' ' || entry.value), ', '
    ) as steps,
    models.parent_model_id,
    models.seed,
    models.config_hash,
    models.uri
from forecast.models
left join judged using (model_id)
left join champions using (model_id)
where $stream is null or models.stream = $stream
order by models.trained_until desc, models.model_id
