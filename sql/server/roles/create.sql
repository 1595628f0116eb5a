-- The roles of people and jobs. They can log in, and have no password until somebody sets one. The server looks after seconds
-- whether their machines are still there: a transaction of one that was switched off holds up others.
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
                execute format('alter role %I set tcp_keepalives_idle = 10', name);
                execute format('alter role %I set tcp_keepalives_interval = 5', name);
                execute format('alter role %I set tcp_keepalives_count = 3', name);
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
