-- Says in the lake's own log who wrote this snapshot and why. The token is unique.
call lake.set_commit_message($author, $message, extra_info => $token)
