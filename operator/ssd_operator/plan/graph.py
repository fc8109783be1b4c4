"""What a plan is: a graph of stages with complete configs, as plain values.

Both runners read it and nothing else: the local one starts processes, the cluster one builds Jobs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ssd_jobs import contract
from ssd_operator.plan import keys
from ssd_operator.spec import fields
from ssd_operator.spec.pod import SealedPod
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["Artifact", "Experiment", "Graph", "Node", "Platform", "Surroundings"]


@dataclass(frozen=True)
class Artifact:
    """One thing that a stage leaves behind."""

    path: str
    """Below the workspace."""
    key: str
    shards: int = 0
    """0: one directory; n: n directories, each complete or absent, unless it is there already in another number."""
    withheld: bool = False
    """True for what only stages with a sandbox may see."""
    setting: str = ""
    """The decode setting that it belongs to, in a stage that makes only what was selected."""


@dataclass(frozen=True)
class Node:
    """One stage, ready to run when everything in `upstream` has finished."""

    config: contract.Config
    """Complete; it also says the stage's name, kind and key."""
    provisional: bool
    """True while `prepare` has not resolved what this stage depends on: its key is not final, it cannot run."""
    upstream: tuple[str, ...]
    artifacts: tuple[Artifact, ...]
    """All that it may make: with a `selection`, only those of the setting that is named there."""
    selection: str = ""
    """Below the workspace: where a decode setting is chosen while the run goes on; empty where none is."""

    @property
    def name(self) -> str:
        """The stage's name, such as grade-base-toy."""
        return self.config.name

    @property
    def kind(self) -> str:
        """The stage's kind, such as grade."""
        return self.config.stage

    @cached_property
    def row(self) -> contract.StageKind:
        """All that is true of every stage of this kind."""
        return contract.STAGES[self.config.stage]

    @property
    def key(self) -> str:
        """The stage's recipe as a hash."""
        return self.config.key

    @cached_property
    def tasks(self) -> int:
        """Processes or pods: shards, or nodes of the gang."""
        return 1 if self.row.tasks is None else int(self.row.tasks.of(self.config))

    @cached_property
    def gpus(self) -> int:
        """GPUs of each of them."""
        return 0 if self.row.gpus is None else int(self.row.gpus.of(self.config))

    @property
    def is_gang(self) -> bool:
        """Tell whether its processes live and die together."""
        return self.row.shape == "Gang"

    @cached_property
    def limits(self) -> contract.ProgramLimits | None:
        """What programs that a model wrote may use, or None where the stage runs none."""
        return None if self.row.programs is None else self.row.programs.of(self.config)

    @property
    def needs_sandbox(self) -> bool:
        """Tell whether the stage runs programs that a model wrote."""
        return self.limits is not None

    @property
    def needs_tracking(self) -> bool:
        """Tell whether the stage talks to MLflow."""
        tracking = self.row.tracking
        return tracking if isinstance(tracking, bool) else tracking.holds(self.config)

    @property
    def reads(self) -> frozenset[str]:
        """The roots of the workspace that it reads."""
        return frozenset(self.row.reads_of(self.config))

    @property
    def writes(self) -> frozenset[str]:
        """The roots of the workspace that it writes to."""
        return frozenset(self.row.writes)

    def skipped_without(self, lost: Collection[str]) -> bool:
        """Tell whether the stage cannot run, now that everything upstream has ended and these stages are lost.

        One that runs after failures tells of what there is: it needs something that succeeded, and a final key.
        """
        gone = set(self.upstream).intersection(lost)
        if not self.row.runs_after_failures:
            return bool(gone)
        return bool(gone) and (self.provisional or len(gone) == len(self.upstream))

    def most_failures(self, spec: ResolvedSpec) -> int:
        """Return after how many failures of its own the stage, or a shard of it, is given up."""
        limit = self.row.retry.limit
        return limit if isinstance(limit, int) else int(fields.at(spec, limit.path))

    def pod(self, spec: ResolvedSpec) -> SealedPod:
        """Return what the user wants of this stage's pods; one that is more than sealed has more fields."""
        pod = fields.at(spec, self.row.pod.path)
        return pod if isinstance(pod, SealedPod) else spec.pod


@dataclass(frozen=True)
class Graph:
    """All stages of one experiment, each after those it depends on."""

    nodes: tuple[Node, ...]

    def __iter__(self) -> Iterator[Node]:
        """Yield the stages in an order in which they could run."""
        return iter(self.nodes)

    def __getitem__(self, name: str) -> Node:
        """Return the stage of that name."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)

    def of(self, config: type[contract.Config]) -> tuple[Node, ...]:
        """Return the stages that have a config of this type."""
        return tuple(node for node in self.nodes if isinstance(node.config, config))

    def names(self, config: type[contract.Config]) -> tuple[str, ...]:
        """Return the names of the stages that have a config of this type."""
        return tuple(node.name for node in self.of(config))

    def upstream_of(self, node: Node) -> tuple[Node, ...]:
        """Return the stages that a stage waits for."""
        return tuple(self[name] for name in node.upstream)

    def extended(self, node: Node) -> Graph:
        """Return the graph with one more stage, right behind the only one it waits for if it is the first to do so.

        What belongs together stands together wherever stages are listed: what was generated, and its grades.
        """
        followed = {name for each in self.nodes for name in each.upstream}
        place = len(self.nodes)
        if len(node.upstream) == 1 and followed.isdisjoint(node.upstream):
            [place] = (number for number, each in enumerate(self.nodes, start=1) if each.name in node.upstream)
        return Graph((*self.nodes[:place], node, *self.nodes[place:]))

    def __contains__(self, name: object) -> bool:
        """Tell whether there is a stage of that name."""
        return any(node.name == name for node in self.nodes)


@dataclass(frozen=True)
class Platform:
    """What the place of execution contributes to a config; none of it enters a key."""

    workspace: str
    worker_image: str
    grader_image: str
    metrics_port: int
    sandbox_socket: str
    tracking_uri: str
    offline: bool
    claim_uid: str
    """Identifies the storage; empty on one machine."""
    master_port: int
    gpu_bytes: int = 0
    """Memory of a GPU, 0 where nobody has said it."""
    origin: str = ""
    """Tells directories apart in a tracking server that several machines use; a cluster's resources have uids."""


@dataclass(frozen=True)
class Surroundings:
    """What is known about one experiment besides its spec."""

    name: str
    """The resource's name."""
    uid: str
    """Separates what cannot be shared between resources; empty on one machine."""
    sweep_uid: str = field(default="", kw_only=True)
    """Of the sweep that made this resource: what can move is resolved once for all its cells."""
    digests: dict[str, str]
    """What `prepare` reported; empty until it has."""
    reruns: Mapping[str, str] = field(default_factory=dict)
    """Kind of stage -> the nonce that an earlier `rerun` gave it: a later one keeps what it made."""
    failed: tuple[contract.FailedStage, ...] = ()
    """Stages that gave up: the report says so and is written without them."""


@dataclass(frozen=True)
class Experiment:
    """All that a plan is made from."""

    spec: ResolvedSpec
    around: Surroundings
    platform: Platform

    def key(self, kind: str, science: Mapping[str, Any], upstream: Mapping[str, str]) -> str:
        """Return the key of a stage of this kind."""
        return keys.key(kind, science=science, upstream=upstream, nonce=self.nonce(kind))

    def common(self, name: str, key: str) -> dict[str, Any]:
        """Return what every config starts with."""
        return {"version": 1, "name": name, "key": key, "workspace": self.platform.workspace}

    def nonce(self, kind: str) -> str:
        """Return what makes this kind of stage run again, or made it run again before."""
        return self.spec.rerun.added_to(self.around.reruns).get(kind, "")
