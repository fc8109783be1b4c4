"""Which cluster and namespace are meant, a connection to it, and its refusals in one sentence."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ssd_operator.cli import installed
from ssd_operator.errors import Busy, InvalidInput

if TYPE_CHECKING:
    from ssd_operator.cluster import Api, Run, Unreadable
    from ssd_operator.spec.status import Status

__all__ = [
    "ContextOption",
    "KubeconfigOption",
    "NamespaceOption",
    "Target",
    "ask",
    "find_run",
    "find_status",
]

NamespaceOption = Annotated[str, typer.Option("--namespace", "-n", help="By default that of the context.")]
KubeconfigOption = Annotated[Path | None, typer.Option(help="Which cluster; by default what kubectl uses.")]
ContextOption = Annotated[str, typer.Option(help="Which context of the kubeconfig; by default the current one.")]

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Target:
    """A cluster, by its kubeconfig and context, and a namespace of it."""

    kubeconfig: Path
    context: str
    namespace: str

    @classmethod
    def chosen(cls, namespace: str, kubeconfig: Path | None, context: str, *, known: str = "") -> "Target":
        """Return what the options mean, and the rest as kubectl takes it; `known` begins the refusal of a guess."""
        config = kubeconfig or _default()
        if not config.is_file():
            raise InvalidInput(f"{known}{config}: names no cluster, because it is not there; set --kubeconfig")
        installed.require("kubernetes", extra="operator")
        from ssd_operator.cluster import context_namespace

        return cls(config, context, namespace or context_namespace(config, context))


def ask(target: Target, subject: str, question: Callable[["Api"], Awaitable[Answer]]) -> Answer:
    """Return the answer to what is asked over one connection; a refusal is a sentence about the subject."""
    return asyncio.run(_asked(target, subject, question))


async def _asked(target: Target, subject: str, question: Callable[["Api"], Awaitable[Answer]]) -> Answer:
    from ssd_operator.cluster import ApiError, connect

    api = await connect(target.kubeconfig, context=target.context)
    try:
        return await question(api)
    except ApiError as error:
        words = f"{subject}: {error.message or error.reason}"
        raise (InvalidInput(words) if error.missing or error.refused else Busy(words)) from None
    finally:
        await api.close()


def find_run(target: Target, name: str) -> "Run":
    """Read a resource, or say why that is not possible."""
    from ssd_operator.cluster import Unreadable

    run = _find(target, name)
    if isinstance(run, Unreadable):
        raise run.error
    return run


def find_status(target: Target, name: str) -> "Status":
    """Read where a resource stands: of a status that this version cannot read as a whole, phase and conditions."""
    from ssd_operator.cluster import Unreadable

    run = _find(target, name)
    if not isinstance(run, Unreadable):
        return run.status
    if run.legible is None:
        raise run.error
    return run.legible


def _find(target: Target, name: str) -> "Run | Unreadable":
    """Read a resource; only a cluster needs its client library."""
    from ssd_operator.cluster import read_run, run_key

    return ask(target, f"{target.namespace}/{name}", lambda api: read_run(api, run_key(target.namespace, name)))


def _default() -> Path:
    """Return the file that kubectl would use."""
    return Path(os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or Path.home() / ".kube" / "config")
