-- The roles of people and jobs. They can log in, and have no password until somebody sets one.
call system.main.postgres_execute(
    'catalog_server',
    $pg$
    do $do$
    declare
        name text;
    begin
        foreach name in array array['writer', 'analyst', 'planner', 'airflow'] loop
            if not exists (select from pg_roles where rolname = name) then
                execute format('create role %I login', name);
            end if;
        end loop;
        -- whoever is no superuser gives tables to a role only as its member
        if not (select rolsuper from pg_roles where rolname = current_user)
            and not pg_has_role(current_user, 'writer', 'member')
        then
            execute format('grant writer to %I', current_user);
        end if;
    end
    $do$
    $pg$
)
