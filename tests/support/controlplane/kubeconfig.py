"""Kubeconfig files that stand alone: the certificates are inside, so one path is all that a client needs."""

import base64
from pathlib import Path
from typing import Any

import yaml

from controlplane.pki import KeyPair

__all__ = ["by_certificate", "by_token", "write"]


def by_certificate(pair: KeyPair) -> dict[str, Any]:
    """The credentials of a user with a client certificate."""
    return {"client-certificate-data": _encoded(pair.certificate), "client-key-data": _encoded(pair.key)}


def by_token(token: str) -> dict[str, Any]:
    """The credentials of a service account."""
    return {"token": token}


def write(path: Path, *, server: str, authority: bytes, user: dict[str, Any], namespace: str = "default") -> Path:
    """Write a kubeconfig with one cluster and one user, readable by its owner alone."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "test", "cluster": {"server": server, "certificate-authority-data": _encoded(authority)}}
        ],
        "users": [{"name": "test", "user": user}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": namespace}}],
        "current-context": "test",
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def _encoded(pem: bytes) -> str:
    return base64.b64encode(pem).decode()
