"""Amazon EC2, as far as machines carry roles: instances, their profiles, tags and metadata options.

An instance is a registered machine; none is started. Enters: calls of the service `ec2`. Leaves: answers in the
model's shapes. Start in `launch`; `launch_table` says what becomes of each parameter of RunInstances, `resources` what
operations are performed on.
"""

from vestry.services.ec2 import associations, attributes, describe, launch, metadata_options, states, tags

__all__ = ["associations", "attributes", "describe", "launch", "metadata_options", "states", "tags"]
