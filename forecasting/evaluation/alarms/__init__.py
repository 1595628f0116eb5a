"""When a person is needed: what is checked at every origin, the limits that a stream's own past sets, and alarms.

Pure: frames in, frames out. Measuring, keeping and notifying are the work of store/alarms and jobs/alarms.
"""
