-- Groups of several skills in the plan that speaks now.
create or replace view analyst.groups_latest as
    select
        groups.stream,
        groups.group_id,
        groups.ts,
        groups.confidence,
        groups.origin,
        groups.agents,
        groups.rostered,
        groups.run_id
    from planning.groups as groups
    inner join analyst.plan_latest as latest
        on groups.stream = latest.stream
        and groups.origin = latest.origin
        and groups.run_id = latest.run_id;

comment on view analyst.groups_latest is 'People of each group of several skills that are planned now.';
