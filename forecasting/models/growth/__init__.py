"""The growth member: a structural model of daily or longer peaks, its Kalman filter and how it is fitted."""
