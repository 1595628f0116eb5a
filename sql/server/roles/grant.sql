-- What each role may do: writer owns the lake's tables, for DuckLake makes and drops some of them; airflow, for jobs, acts
-- as writer; analyst and planner read. Nobody else gets in.
call system.main.postgres_execute(
    'catalog_server',
    $pg$
    do $do$
    declare
        place text := current_database();
        one record;
    begin
        execute format('revoke all on database %I from public', place);
        execute format('grant connect on database %I to writer, analyst, planner, airflow', place);
        revoke all on schema public from public;
        grant usage, create on schema public to writer;
        grant usage on schema public to analyst, planner;
        for one in
            select format('%I.%I', schemaname, tablename) as name
            from pg_tables
            where schemaname = 'public' and tablename like 'ducklake\_%'
        loop
            execute format('alter table %s owner to writer', one.name);
            execute format('grant select on %s to analyst, planner', one.name);
        end loop;
        alter default privileges for role writer in schema public grant select on tables to analyst, planner;
        grant writer to airflow;
        execute format('alter role airflow in database %I set role writer', place);
        grant usage on schema planners to planner, writer;
        grant select on planners.inbox to planner, writer;
        grant delete on planners.inbox to writer;
        grant insert (scenario, stream, scope, starts_at, ends_at, metric, operation, value, reason, author)
            on planners.inbox to planner;
    end
    $do$
    $pg$
)
