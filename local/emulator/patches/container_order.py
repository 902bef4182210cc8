"""When the containers of a task may start, and in which order they stop: `dependsOn` by the rules of the ECS agent.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
The reasons are those of the agent, which Fargate shares:
https://github.com/aws/amazon-ecs-agent/blob/master/agent/engine/dependencygraph/graph.go
No report upstream; ministack 1.5.33.
"""

from dataclasses import dataclass, field

NONE, RUNNING, STOPPED = "NONE", "RUNNING", "STOPPED"
_WAITING = ("COMPLETE", "SUCCESS", "HEALTHY")
_CONDITIONS = ("START", *_WAITING)


class CannotStart(Exception):
    """A dependency of the container can no longer be met."""


@dataclass
class Container:
    """NONE → RUNNING → STOPPED; NONE → STOPPED when it cannot start."""

    definition: dict
    index: int
    status: str = NONE
    exit_code: int | None = None
    health: str = "UNKNOWN"
    started_at: float | None = None
    """Monotonic seconds; None when it has never started."""
    dependencies: dict = field(default_factory=dict)
    """Condition by name of the container that it depends on."""

    def __post_init__(self):
        self.dependencies = {each.get("containerName"): each.get("condition") for each in self.definition.get("dependsOn") or []}

    @property
    def name(self):
        return self.definition["name"]

    @property
    def essential(self):
        return bool(self.definition.get("essential", True))

    @property
    def deadline(self):
        """When containers that depend on it stop to wait; None when they wait without a limit."""
        timeout = self.definition.get("startTimeout")
        return self.started_at + int(timeout) if timeout and self.started_at is not None and self.status == RUNNING else None

    def __str__(self):
        code = "" if self.exit_code is None else f" - Exit: {self.exit_code}"
        return f"{self.name}({self.definition['image']}) ({self.status}->RUNNING){code}"


def of(definitions):
    """The containers of a task definition by name."""
    return {definition["name"]: Container(definition, index) for index, definition in enumerate(definitions)}


def may_start(target, containers, now):
    """Whether every dependency is met. Raises `CannotStart` when one never will be."""
    met = True
    for name, condition in target.dependencies.items():
        other = containers[name]
        pair = f"dependency [{other}] for target [{target}]"
        if condition in _WAITING and other.deadline is not None and now >= other.deadline:
            raise CannotStart(f"dependency graph: container ordering {pair} has timed out.")
        if other.status == STOPPED and other.started_at is None:
            raise CannotStart(f"dependency graph: failed to resolve container ordering {pair} because dependency will never start")
        if condition == "SUCCESS" and other.status == STOPPED and other.exit_code != 0:
            raise CannotStart(f"dependency graph: failed to resolve container ordering {pair} as dependency did not exit successfully.")
        if condition == "HEALTHY" and other.status == STOPPED:
            raise CannotStart(f"dependency graph: failed to resolve the container ordering {pair}")
        met = met and _is_met(condition, other)
    return met


def next_deadline(containers):
    """When a wait for a dependency ends without it; None when no container waits with a limit."""
    waited_for = {name for each in containers.values() if each.status == NONE for name, condition in each.dependencies.items() if condition in _WAITING}
    return min((containers[name].deadline for name in waited_for if containers[name].deadline is not None), default=None)


def dependents(name, containers):
    """The containers that must stop before this one: shutdown has the reverse order of startup."""
    return [each.name for each in containers.values() if name in each.dependencies]


def problem(definitions):
    """Why ECS refuses the dependencies of these containers; None when it does not."""
    containers = of(definitions)
    for each in containers.values():
        for name, condition in each.dependencies.items():
            if condition not in _CONDITIONS:
                return f"container {each.name} depends on {name} with the unknown condition {condition}; use {', '.join(_CONDITIONS)}"
            if name not in containers:
                return f"container {each.name} depends on the container {name}, which the task definition does not have"
            if condition in ("COMPLETE", "SUCCESS") and containers[name].essential:
                return "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container"
            if condition == "HEALTHY" and not containers[name].definition.get("healthCheck"):
                return f"container {each.name} waits until {name} is HEALTHY, which has no healthCheck"
    waiting = set(containers)
    while free := {name for name in waiting if waiting.isdisjoint(containers[name].dependencies)}:
        waiting -= free
    return f"the containers {', '.join(sorted(waiting))} depend on each other in a circle" if waiting else None


def _is_met(condition, other):
    if condition == "START":
        return other.started_at is not None
    if condition == "HEALTHY":
        return other.health == "HEALTHY"
    return other.status == STOPPED
