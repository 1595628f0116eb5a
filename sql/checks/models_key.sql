-- Models that are on the register more than once.
with twice as (
    select model_id
    from forecast.models
    group by model_id
    having count(*) > 1
)

select count(*) as failed, min(model_id) as first
from twice
