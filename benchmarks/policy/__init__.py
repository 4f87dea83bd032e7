"""Decisions a second with 10 to 100,000 statements in force: Vestry beside moto, cedarpy and iam-simulate.

`bin/bench policy [--quick]`. `workload` makes the statements and requests, `peer_*` are the programs that answer them,
each in a process of its own, `peers` starts and asks them, `figures` are Vestry's own (compiling, memory, patterns
made to be slow), `report` prints all of it beside the marks.
"""
