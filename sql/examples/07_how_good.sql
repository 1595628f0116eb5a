-- How good were the forecasts of each month, all series together?
select stream, month, round(100 * wape, 1) as error_percent, round(100 * bias, 1) as bias_percent, round(100 * cover80) as inside_80
from analyst.accuracy_monthly
where series_id = '*'
order by stream, month
