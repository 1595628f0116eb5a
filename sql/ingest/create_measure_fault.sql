-- What is wrong with the value of a row, its weight or the time at which it became known.
create or replace temp macro measure_fault(unknown, y, weight, clocked, clock) as case
    when clocked and coalesce(clock not between timestamptz '1900-01-01' and timestamptz '2200-01-01', true)
        then 'unparsable_available_at'
    when y is null and not unknown then 'unparsable_value'
    when weight is not null and not coalesce(isfinite(weight) and weight between 0 and 1e30, false) then 'bad_weight'
end
