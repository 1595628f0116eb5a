"""Generated feeds with known truth, for the demo and tests. The demo itself is `jobs/demo.py`."""
