"""The identity document of an instance, and its signatures. Source: EC2 User Guide, "Instance identity documents"."""

from __future__ import annotations

from vestry.metadata.machine_rows import detail
from vestry.metadata.proving import SIGNATURES
from vestry.metadata.tree import Row, Value
from vestry.metadata.view import View
from vestry.metadata.writing import document, moment

_AT = "dynamic/instance-identity"
_VERSION = "2017-09-30"
_kernel, _ramdisk = detail("KernelId"), detail("RamdiskId")


def identity_document(view: View) -> str:
    """Return the document. It changes only with what it says: when the instance is stopped and started."""
    instance = view.instance
    return document(
        {
            "accountId": instance.account,
            "architecture": instance.architecture,
            "availabilityZone": instance.zone,
            "billingProducts": None,
            "devpayProductCodes": None,
            "marketplaceProductCodes": None,
            "imageId": instance.image,
            "instanceId": instance.id,
            "instanceType": instance.type,
            "kernelId": _kernel(view, ""),
            "pendingTime": moment(instance.started),
            "privateIp": instance.address,
            "ramdiskId": _ramdisk(view, ""),
            "region": instance.region,
            "version": _VERSION,
        }
    )


def _signature(name: str) -> Value:
    enveloped = name != "signature"

    def value(view: View, _: str) -> str | None:
        identity = view.root.identity
        if identity is None:
            return None
        return view.signer.sign(identity, identity_document(view), enveloped=enveloped)

    return value


ROWS = (
    Row(f"{_AT}/document", lambda view, _: identity_document(view)),
    *(
        Row(f"{_AT}/{name}", _signature(name), lambda view: view.root.identity is not None)
        for name in SIGNATURES
    ),
)
