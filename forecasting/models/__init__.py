"""Members of a forecast: each is fitted on panels and forecasts quantiles. How they are combined is in `ensemble`."""
