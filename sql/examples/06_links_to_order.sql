-- Which links are to be ordered now, and what does waiting cost?
select series_id, round(100 * utilisation) as peak_percent, order_by, n1_order_by, order_step, order_cost, expected_delay_loss, currency
from analyst.capacity_watchlist
where due or n1_due
