"""Jobs on definitions and on what comes in with feeds: add, check, events, quarantine."""
