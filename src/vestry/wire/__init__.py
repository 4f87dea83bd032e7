"""Bytes as shapes and shapes as bytes, by botocore's service models.

Enters: the bytes of a query string, form or JSON body; results and faults on the way back. Leaves: the operation that
was asked for, its parameters as typed values, validation faults in AWS's words; bodies in each protocol's envelope.
This room must not know what IAM is: no account, caller, policy or HTTP connection. The differences between services
that no model tells are three tables: `dialects` (how faults are worded), `element_order`, and `vestry.errors.codes`.

Start in `model` (services and operations), then `parse`, `validate` and `serialize`, which are the public functions;
the other modules build what those run.
"""
