insert into forecast.alarm_answers by name
select
    $stream as stream,
    $alarm_id as alarm_id,
    $about as about,
    $place as place,
    $answer as answer,
    $author as author,
    $reason as reason,
    $until::timestamptz as until,
    $known_at as known_at
