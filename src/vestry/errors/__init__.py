"""Every fault, drawn as a tree, and its code in each protocol.

Enters: nothing. Leaves: `Fault` and its children, raised where the rule is, and `code_and_status`, which the wire
asks how a fault is called in a protocol family. This room must not know requests, accounts or policies.
Start in `faults`.
"""

from vestry.errors import ec2, eks, faults
from vestry.errors.codes import code_and_status
from vestry.errors.ec2 import *  # noqa: F403
from vestry.errors.eks import *  # noqa: F403
from vestry.errors.faults import *  # noqa: F403

__all__ = ["code_and_status"]
__all__ += faults.__all__
__all__ += ec2.__all__
__all__ += eks.__all__
