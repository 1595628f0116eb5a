-- Says in the lake's own log who wrote this snapshot and why.
call lake.set_commit_message($author, $message)
