"""One attribute of an instance. Source: EC2 API reference, DescribeInstanceAttribute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vestry.directory.machines import ROOT_DEVICE_NAME, Instance
from vestry.services.ec2 import resources
from vestry.services.ec2.dry_run import ec2_operation
from vestry.services.ec2.lookups import the_instance
from vestry.services.ec2.resources import details_of
from vestry.services.ec2.shapes import group_list
from vestry.services.operation import Answer, Call


def _value(value: Any) -> dict[str, Any]:
    """An attribute value; what is empty is sent without a Value."""
    return {"Value": value} if value not in ("", None) else {}


Attribute = Callable[[Instance, Mapping[str, Any]], dict[str, Any]]

#: Attribute -> the member of the answer that holds it, of the instance and what was recorded at its launch.
ATTRIBUTES: dict[str, Attribute] = {
    "blockDeviceMapping": lambda _, __: {"BlockDeviceMappings": []},
    "disableApiStop": lambda _, __: {"DisableApiStop": _value(False)},
    "disableApiTermination": lambda _, __: {"DisableApiTermination": _value(False)},
    "ebsOptimized": lambda _, details: {"EbsOptimized": _value(details.get("EbsOptimized", False))},
    "enaSupport": lambda _, __: {"EnaSupport": _value(True)},
    "enclaveOptions": lambda _, details: {
        "EnclaveOptions": details.get("EnclaveOptions", {"Enabled": False})
    },
    "groupSet": lambda instance, _: {"Groups": group_list(instance.groups)},
    "instanceInitiatedShutdownBehavior": lambda instance, _: {
        "InstanceInitiatedShutdownBehavior": _value(instance.shutdown)
    },
    "instanceType": lambda instance, _: {"InstanceType": _value(instance.type)},
    "kernel": lambda _, details: {"KernelId": _value(details.get("KernelId"))},
    "productCodes": lambda _, __: {"ProductCodes": []},
    "ramdisk": lambda _, details: {"RamdiskId": _value(details.get("RamdiskId"))},
    "rootDeviceName": lambda _, __: {"RootDeviceName": _value(ROOT_DEVICE_NAME)},
    "sourceDestCheck": lambda _, __: {"SourceDestCheck": _value(True)},
    "sriovNetSupport": lambda _, __: {"SriovNetSupport": {}},
    "userData": lambda instance, _: {"UserData": _value(instance.user_data)},
}


@ec2_operation("ec2:DescribeInstanceAttribute", on=resources.instance_named, keys=(resources.named_keys,))
def describe_instance_attribute(call: Call) -> Answer:
    """Return one attribute of an instance. Errors: InvalidInstanceID.NotFound."""
    instance = the_instance(call)
    read = ATTRIBUTES[call.parameters["Attribute"]]
    return {"InstanceId": instance.id} | read(instance, details_of(instance))
