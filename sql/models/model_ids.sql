-- Keys of all models, newest first.
select model_id
from forecast.models
order by trained_until desc, model_id
