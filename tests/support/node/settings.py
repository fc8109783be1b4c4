"""The settings of the node's programs, as text, pure functions of where things are.

Each line that is not a name or a path is there because a node inside another machine did not start, or did not stay,
without it.
"""

import json
from pathlib import Path

import yaml

from node import cgroups
from node.box import NODE, PODS

__all__ = ["DNS", "NAME", "REGISTRY", "cni", "containerd", "coredns", "kubelet", "proxy", "registry"]

NAME = "e2e"
"""The node's name."""
DNS = NODE
REGISTRY = "127.0.0.1:5000"
"""A name that containerd takes for a registry without TLS."""
PLUGINS = "/usr/lib/cni"


def containerd(*, root: Path, socket: str, networks: Path, pause: str) -> str:
    """These machines may not lower a process' OOM score, which the first setting of the plugin respects."""
    return f"""version = 2
root = "{root}"
state = "/run/containerd"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "{pause}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{PLUGINS}"
    conf_dir = "{networks}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    discard_unpacked_layers = true
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
"""


def cni() -> str:
    """A bridge for pods; what leaves it bears the node's address."""
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {"type": "host-local", "ranges": [[{"subnet": PODS}]], "routes": [{"dst": "0.0.0.0/0"}]},
    }
    return json.dumps({"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge]})


def kubelet(*, folder: Path, socket: str) -> str:
    """A kubelet that takes the machine as it is: swap, full disks and old cgroups included."""
    return _yaml(
        "kubelet.config.k8s.io/v1beta1",
        "KubeletConfiguration",
        authentication={"x509": {"clientCAFile": str(folder / "ca.crt")}},
        tlsCertFile=str(folder / "kubelet-server.crt"),
        tlsPrivateKeyFile=str(folder / "kubelet-server.key"),
        containerRuntimeEndpoint=f"unix://{socket}",
        cgroupDriver="cgroupfs",
        cgroupRoot=f"/{cgroups.NAME}",
        enforceNodeAllocatable=["none"],
        failSwapOn=False,
        clusterDomain="cluster.local",
        clusterDNS=[DNS],
        resolvConf="",
        evictionHard={"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        imageGCHighThresholdPercent=100,
        healthzPort=0,
        nodeStatusUpdateFrequency="4s",
        syncFrequency="10s",
    )


def proxy(*, kubeconfig: Path) -> str:
    """Services by packet filter rules; the machine's connection tracking stays as it is."""
    return _yaml(
        "kubeproxy.config.k8s.io/v1alpha1",
        "KubeProxyConfiguration",
        clientConnection={"kubeconfig": str(kubeconfig)},
        mode="iptables",
        clusterCIDR=PODS,
        hostnameOverride=NAME,
        conntrack={"maxPerCore": 0},
    )


def coredns(*, kubeconfig: Path) -> str:
    """The cluster's names; every other name does not exist, and is said so at once."""
    return f"""cluster.local:53 in-addr.arpa:53 {{
    bind {DNS}
    errors
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {kubeconfig}
        pods insecure
        ttl 1
    }}
}}
.:53 {{
    bind {DNS}
    template ANY ANY {{
        rcode NXDOMAIN
    }}
}}
"""


def registry(*, storage: Path) -> str:
    """A registry without TLS or passwords that only the node reaches."""
    document = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(storage)}, "delete": {"enabled": True}},
        "http": {"addr": REGISTRY},
    }
    return yaml.safe_dump(document)


def _yaml(version: str, kind: str, **fields: object) -> str:
    return yaml.safe_dump({"apiVersion": version, "kind": kind, **fields}, sort_keys=False)
