-- Rows of a source that were ever rejected.
select raw from history.quarantine where part = $part and source = $source
