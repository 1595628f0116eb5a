-- How many agents does each pool need tomorrow, and how many people are to be rostered?
select pool_id, ts_local, agents, rostered, round(100 * service_level) as service_percent
from analyst.staffing_latest
where stream = 'people' and confidence = (select max(confidence) from analyst.staffing_latest where stream = 'people')
order by pool_id, ts
