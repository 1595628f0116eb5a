"""Reading and writing the lake, models, definitions and other files. No forecasting, no rules of streams or plans."""
