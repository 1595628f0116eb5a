"""What several jobs share: sessions, panels as of an origin, published forecasts, reports. No job of its own."""
