"""`entryPoint`, `workingDirectory` and `user` of a container, and the task's role, never reach the engine.

No report upstream; ministack 1.5.33.
"""

from ministack.services import ecs

ROLE_LABEL = "dev.fileworks.task-role"
STOP_TIMEOUT_SECONDS = 30
"""The default of ECS between SIGTERM and SIGKILL."""


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
        # The whole id: the emulator uses its first 8 characters, which are not unique among many tasks.
        kwargs["name"] = f"ecs-{task_id}-{cdef['name']}"
        for key, option in (("entryPoint", "entrypoint"), ("workingDirectory", "working_dir"), ("user", "user")):
            if cdef.get(key):
                kwargs[option] = cdef[key]
        # With a platform, docker-py would search for an image of that platform; a process has only this machine's.
        kwargs.pop("platform", None)
        overrides = (ecs._tasks.get(task_arn) or {}).get("overrides") or {}
        role = overrides.get("taskRoleArn") or td.get("taskRoleArn")
        if role:
            kwargs["labels"][ROLE_LABEL] = role
        return kwargs

    ecs._build_run_kwargs = build_run_kwargs
