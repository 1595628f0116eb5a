"""Demand forecasting and planning for telecom operators."""

import os

__version__ = "0.1.0"

# Several trainings, or a training and a scheduler, share a host. Threads that spin while they wait for
# each other then cost many times what they gain, so they sleep; OpenMP reads this once, when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# matrices are small here: two threads of BLAS took twice the processor time of one, on a busy host many times the time
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
