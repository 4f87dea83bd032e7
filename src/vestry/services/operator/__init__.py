"""What the operator of the installation may do, beside AWS's own operations: accounts.

Enters: an `OperatorCall`. Leaves: an answer and changes on its draft, committed like any other. These functions ask no
policy: whoever may open the data directory may call them. Start in `accounts`.
"""
