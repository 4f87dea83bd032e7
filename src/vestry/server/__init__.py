"""Where the legs meet: sockets, the event loop, the committer and the one pipeline that every request goes through.

Enters: connections and operator commands. Leaves: answers, durable changes and log lines. This room must not know what
an operation does or what a policy means. Start in `pipeline`, then `committer`, then `run`.
"""
