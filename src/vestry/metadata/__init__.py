"""INSTANCE METADATA: what a registered machine is told about itself at 169.254.169.254.

Enters: a Root, the id of the instance that asks, the request's method, path and headers, and the session clock's reading.
Leaves: a status, headers and a body. This room must not know sockets, files or clocks, nor how it was found out which
instance asks. Start in `imds`; `tree` is the table of paths.
"""
