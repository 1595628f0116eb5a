"""How good forecasts are: scores, backtests over past origins, and the contest of challenger against champion.

Running an evaluation and storing its scores is the work of jobs/.
"""
