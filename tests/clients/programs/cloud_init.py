"""Run cloud-init's EC2 datasource as at boot, in a folder (the argument), and print as JSON what it made of the metadata."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

from cloudinit import helpers
from cloudinit.sources import DataSourceEc2 as ec2

folder = Path(sys.argv[1])
said: list[str] = []


class Keeping(logging.Handler):
    """Keeps what cloud-init would complain about."""

    def emit(self, record: logging.LogRecord) -> None:
        said.append(record.getMessage())


logging.getLogger("cloudinit").addHandler(Keeping(logging.WARNING))
paths = helpers.Paths({"cloud_dir": str(folder / "lib"), "run_dir": str(folder / "run")})
(folder / "run").mkdir()
source = ec2.DataSourceEc2({"datasource": {"Ec2": {}}}, None, paths)
if not source.get_data():
    print(json.dumps({"found": False, "said": said}))
    sys.exit()
userdata = source.get_userdata_raw()
if isinstance(userdata, bytes):
    userdata = userdata.decode()
nics = dict.fromkeys(source.metadata["network"]["interfaces"]["macs"], "eth0")
print(
    json.dumps(
        {
            "found": True,
            "said": said,
            "cloud": source.cloud_name,
            "address": source.metadata_address,
            "crawled": source._crawled_metadata | {"user-data": userdata},
            "instance": source.get_instance_id(),
            "place": [source.region, source.availability_zone],
            "host": source.get_hostname(fqdn=True)[0],
            "keys": source.get_public_ssh_keys(),
            "index": source.launch_index,
            "classic": source.is_classic_instance(),
            "disk": source.device_name_to_device("ami"),
            "network": ec2.convert_ec2_metadata_network_config(source.metadata["network"], nics, "eth0"),
        }
    )
)
