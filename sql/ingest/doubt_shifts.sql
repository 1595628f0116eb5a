-- Where a unit was changed for the whole feed, no level is believed, however long it lasts.
update shift
set settled = false
