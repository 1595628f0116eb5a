-- What a server runs in the place of a question that it does not answer: its client reads the reason.
select error(@reason@)
