"""What a run leaves behind: event log, capture, keys, metrics, summary, JUnit results and the HTML report.

Imports `core` alone.  Everything that is called once a frame or once an event only counts, or appends to a buffer; the
rest is made when the run is over.  No clock is read here: times are the run's, so the same run gives the same octets.
"""
