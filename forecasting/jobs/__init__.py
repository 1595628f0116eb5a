"""Jobs: each reads the lake, calls the pure parts and publishes, for one stream at an origin.

The command line and the DAGs call jobs, and nothing below them.
"""
