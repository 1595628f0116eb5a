"""The morning page: frames of published rows in, an HTML page and a workbook out. Nothing here reads a lake."""
