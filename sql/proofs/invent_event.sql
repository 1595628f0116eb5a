-- A closure of everyone from an origin on, announced just after it.
insert into history.events
values ('proof', $after, 'closure', 'proof', map {}, $origin, $origin + $horizon, false, 'proof')
