"""How texts of other people's exports are written: files, numbers, dates and times. All of it is pure."""
