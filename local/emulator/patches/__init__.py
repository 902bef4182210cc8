"""Repairs of the emulator, from outside: the installed package is never edited.

Each module repairs one thing. `needed()` tries the thing on the emulator itself, in a scratch account, and says whether it
is still broken; `apply()` replaces functions of the loaded modules. A repair that is no longer needed switches itself off.
"""

from . import (
    cfn_container_lists,
    cfn_metric_math_alarm,
    cfn_secret_ref,
    cloudwatch_queue_alarms,
    ecs_client_token,
    ecs_container_settings,
    ecs_exit_watch,
    ecs_image_pull,
    ecs_placement,
    ecs_protection,
    ecs_stop,
    events_ecs_target,
    s3_event_version,
    s3_full_object_checksum,
    sfn_distributed_map,
    sfn_parallel,
    sfn_put_object,
    sfn_run_task,
)

# Order matters where one builds on another: protection guards the stop of ecs_stop, and a token stands for what ecs_placement let start.
ALL = (
    cfn_container_lists,
    cfn_metric_math_alarm,
    cfn_secret_ref,
    cloudwatch_queue_alarms,
    ecs_container_settings,
    ecs_exit_watch,
    ecs_image_pull,
    ecs_stop,
    ecs_placement,
    ecs_client_token,
    ecs_protection,
    events_ecs_target,
    s3_event_version,
    s3_full_object_checksum,
    sfn_distributed_map,
    sfn_parallel,
    sfn_put_object,
    sfn_run_task,
)


def apply_all():
    for mend in ALL:
        name = mend.__name__.rsplit(".", 1)[-1]
        if mend.needed():
            mend.apply()
            yield name, "applied"
        else:
            yield name, "not needed"
