"""What a node says of itself beside its signature: it may not contradict what its session and the pod's token say."""

from __future__ import annotations

from vestry.access.pod_identity import Pod
from vestry.directory import network
from vestry.errors import InvalidEksParameter
from vestry.services.operation import Call


def check_node(call: Call, pod: Pod) -> None:
    """Raise InvalidParameterException for a contradiction.

    1. The token of the pod, where it names a node, names this one.
    2. The instance whose session signed, where it is one's, is this one, and in this zone.
    """
    named = call.get("eksNodeName")
    if named and pod.node and named != pod.node:  # 1
        raise InvalidEksParameter("eksNodeName is not the node that the token names.")
    session = call.caller.session
    arn = "" if session is None else str(dict(session.context).get("ec2:sourceinstancearn", ""))
    instance = call.root.instance(arn.rpartition("/")[2])
    if instance is None:
        return
    if call.get("instanceId") not in (None, "", instance.id):  # 2
        raise InvalidEksParameter("instanceId is not the instance that signed the request.")
    if call.get("zone") not in (None, "", network.zone_id(instance.zone)):  # 2
        raise InvalidEksParameter("zone is not that of the instance that signed the request.")
