"""Patches of the emulator at run time: the installed package is never edited.

Each module patches one defect. `needed()` probes the emulator in a scratch account for the defect; `apply()` replaces
functions of the loaded modules. A patch that is no longer needed is not applied.
"""

from . import (
    cfn_composite_alarm,
    cfn_condition_join,
    cfn_container_lists,
    cfn_encryption,
    cfn_function_settings,
    cfn_custom_resource_error,
    cfn_metric_math_alarm,
    cfn_policies,
    cfn_schedule_target,
    cfn_secret_ref,
    cfn_topic,
    codebuild_project_name,
    ecs_client_token,
    ecs_container_settings,
    ecs_health,
    ecs_image_pull,
    ecs_inactive_definition,
    ecs_placement,
    ecs_protection,
    ecs_start,
    ecs_stop,
    events_ecs_target,
    lambda_in_flight,
    root_signature,
    s3_event_version,
    s3_full_object_checksum,
    s3_managed_key,
    sfn_distributed_map,
    sfn_parallel,
    sfn_put_object,
    sfn_retry_delay,
    sfn_run_task,
    sfn_stop_execution,
)

# Order matters: ecs_protection wraps the stop of ecs_stop; ecs_client_token wraps the RunTask of ecs_placement, and that the
# one of ecs_inactive_definition; sfn_retry_delay wraps the sleep of sfn_parallel;
# sfn_stop_execution wraps what sfn_retry_delay finds.
ALL = (
    cfn_composite_alarm,
    cfn_condition_join,
    cfn_container_lists,
    cfn_encryption,
    cfn_function_settings,
    cfn_custom_resource_error,
    cfn_metric_math_alarm,
    cfn_policies,
    cfn_schedule_target,
    cfn_secret_ref,
    cfn_topic,
    codebuild_project_name,
    ecs_container_settings,
    ecs_health,
    ecs_image_pull,
    ecs_stop,
    ecs_start,
    ecs_inactive_definition,
    ecs_placement,
    ecs_client_token,
    ecs_protection,
    events_ecs_target,
    lambda_in_flight,
    root_signature,
    s3_event_version,
    s3_full_object_checksum,
    s3_managed_key,
    sfn_distributed_map,
    sfn_parallel,
    sfn_put_object,
    sfn_retry_delay,
    sfn_run_task,
    sfn_stop_execution,
)


def apply_all():
    for patch in ALL:
        name = patch.__name__.rsplit(".", 1)[-1]
        if patch.needed():
            patch.apply()
            yield name, "applied"
        else:
            yield name, "not needed"
