-- Where the files of all models are.
select distinct uri
from forecast.models
