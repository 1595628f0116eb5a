-- Decisions that name a model which is not on the register.
select
    count(*) as failed, min(decisions.champion || ' decided at ' || decisions.decided_at_origin::varchar) as first
from forecast.decisions as decisions
left join forecast.models as challengers on decisions.challenger = challengers.model_id
left join forecast.models as champions on decisions.champion = champions.model_id
where challengers.model_id is null or champions.model_id is null
