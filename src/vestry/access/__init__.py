"""Who is asking, and may they. Functions of values; no I/O.

Enters: a signed request, a `Root`, the clocks' readings. Leaves: a `Caller` (only from `authenticate`) and `Allowed`
(only from `authorize`), or a fault. This room must not know sockets, SQL or how an operation does its work.
Start in `authenticate`, then `declaration`, then `authorize`; `context` says what every condition key is worth.
"""
