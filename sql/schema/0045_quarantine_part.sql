alter table history.quarantine add column part varchar;

comment on column history.quarantine.part is 'What the row was to become where it is not demand: adjustment, order or roster; NULL for demand.';
