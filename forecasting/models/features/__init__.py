"""What members read of a panel: slots, days, prepared history, lagged features, attribute codes. No model is here."""
