"""The command line of every program of the test cluster, as pure functions of where its files are.

Sockets and files stay in one private folder; the only port is the API server's. With `node_address` the API server
also listens to a kubelet and to pods; without, to this machine alone.
"""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["CONTROLLERS", "LOOPBACK", "Layout", "apiserver", "controller_manager", "etcd", "scheduler"]

LOOPBACK = "127.0.0.1"
SERVICES = "10.96.0.0/16"
FIRST_SERVICE = "10.96.0.1"
ISSUER = "https://kubernetes.default.svc"
REQUESTS_PER_S = 300
"""What the controllers may ask for; their default of 20 makes hundreds of Jobs wait for the controllers alone."""
CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "disruption-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "resourcequota-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "ttl-after-finished-controller",
)


@dataclass(frozen=True)
class Layout:
    """Where the files of one cluster are, and how its API server is reached."""

    folder: Path
    port: int
    node_address: str | None = None

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return f"https://{self.node_address or LOOPBACK}:{self.port}"

    @property
    def etcd_socket(self) -> str:
        """Where etcd serves its clients: a socket in the private folder, out of reach of other users."""
        return f"unix://{self.folder / 'etcd.sock'}"

    def path(self, name: str) -> Path:
        """A file of the cluster."""
        return self.folder / name


def etcd(layout: Layout) -> list[str]:
    """One member that never syncs to disk: what it stores dies with the tests.

    etcd insists that what it advertises has a port; nobody ever dials these two.
    """
    return [
        f"--data-dir={layout.path('etcd')}",
        "--name=test",
        "--unsafe-no-fsync",
        "--log-level=warn",
        f"--listen-client-urls={layout.etcd_socket}",
        f"--advertise-client-urls=http://{LOOPBACK}:2379",
        f"--listen-peer-urls=unix://{layout.path('peer.sock')}",
        f"--initial-advertise-peer-urls=http://{LOOPBACK}:2380",
        f"--initial-cluster=test=http://{LOOPBACK}:2380",
    ]


def apiserver(layout: Layout) -> list[str]:
    """RBAC, service account tokens and Pod Security as in a real cluster."""
    reachable = (
        [f"--advertise-address={layout.node_address}", "--bind-address=0.0.0.0"]
        if layout.node_address
        else [f"--advertise-address={LOOPBACK}", f"--bind-address={LOOPBACK}", "--endpoint-reconciler-type=none"]
    )
    return [
        f"--etcd-servers={layout.etcd_socket}",
        *reachable,
        f"--secure-port={layout.port}",
        "--permit-port-sharing",
        f"--tls-cert-file={layout.path('apiserver.crt')}",
        f"--tls-private-key-file={layout.path('apiserver.key')}",
        f"--client-ca-file={layout.path('ca.crt')}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged",
        f"--service-cluster-ip-range={SERVICES}",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={layout.path('service-accounts.crt')}",
        f"--service-account-signing-key-file={layout.path('service-accounts.key')}",
        f"--kubelet-client-certificate={layout.path('kubelet-client.crt')}",
        f"--kubelet-client-key={layout.path('kubelet-client.key')}",
        "--kubelet-preferred-address-types=InternalIP",
        "--profiling=false",
    ]


def controller_manager(layout: Layout, controllers: tuple[str, ...] = CONTROLLERS) -> list[str]:
    """The named controllers, each with the rights of its own service account."""
    return [
        f"--kubeconfig={layout.path('kube-controller-manager.kubeconfig')}",
        f"--controllers={','.join(controllers)}",
        "--use-service-account-credentials",
        f"--service-account-private-key-file={layout.path('service-accounts.key')}",
        f"--root-ca-file={layout.path('ca.crt')}",
        f"--service-cluster-ip-range={SERVICES}",
        f"--kube-api-qps={REQUESTS_PER_S}",
        f"--kube-api-burst={2 * REQUESTS_PER_S}",
        "--leader-elect=false",
        "--secure-port=0",
        "--profiling=false",
    ]


def scheduler(layout: Layout) -> list[str]:
    """The default profile."""
    return [
        f"--kubeconfig={layout.path('kube-scheduler.kubeconfig')}",
        "--leader-elect=false",
        "--secure-port=0",
        "--profiling=false",
    ]
