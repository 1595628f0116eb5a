"""Why a forecast is what it is: its stages taken apart for one series. Nothing here reads or writes files."""
