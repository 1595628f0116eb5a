comment on column forecast.models.parent_model_id is 'Newest model that was trained on less; NULL where there is none.';
