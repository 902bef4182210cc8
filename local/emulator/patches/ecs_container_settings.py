"""`entryPoint`, `workingDirectory` and `user` of a container, and the task's role, never reach the engine."""

from ministack.services import ecs

ROLE_LABEL = "dev.fileworks.task-role"
STOP_TIMEOUT_SECONDS = 30
"""What ECS waits between SIGTERM and SIGKILL when the container definition does not say."""


def needed():
    return "entrypoint" not in _run_kwargs({"entryPoint": ["sh"]})


def _run_kwargs(definition):
    return ecs._build_run_kwargs(
        {"name": "c", "image": "i", **definition}, {"family": "f"}, {}, {}, None, True, "0" * 8, "arn:none", None, "arn:none"
    )


def apply():
    original = ecs._build_run_kwargs

    def build_run_kwargs(cdef, td, env, port_bindings, ecs_network, host_mode, task_id, task_arn, *rest):
        kwargs = original(cdef, td, env, port_bindings, ecs_network, host_mode, task_id, task_arn, *rest)
        # The whole id: the emulator takes its first 8 characters, which may repeat among many tasks.
        kwargs["name"] = f"ecs-{task_id}-{cdef['name']}"
        for key, option in (("entryPoint", "entrypoint"), ("workingDirectory", "working_dir"), ("user", "user")):
            if cdef.get(key):
                kwargs[option] = cdef[key]
        # Pinning the platform would make docker-py wait and look for a wrong one; our processes have only this one.
        kwargs.pop("platform", None)
        overrides = (ecs._tasks.get(task_arn) or {}).get("overrides") or {}
        role = overrides.get("taskRoleArn") or td.get("taskRoleArn")
        if role:
            kwargs["labels"][ROLE_LABEL] = role
        return kwargs

    ecs._build_run_kwargs = build_run_kwargs
