"""StartBuild and StopBuild.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StopBuild.html
"""

import contextvars
import copy
import threading
import time

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import codebuild

from authorization import context, direct

from .build import Build

_OVERRIDES = ("buildspecOverride", "environmentVariablesOverride", "timeoutInMinutesOverride")
_KNOWN = {"projectName", "sourceVersion", "idempotencyToken", *_OVERRIDES}

_lock = threading.Lock()
_running = {}


def apply():
    codebuild._start_build, codebuild._stop_build = start, _stop
    direct.require("codebuild", _further_projects)


def start(data):
    name = data.get("projectName", "")
    project = codebuild._projects.get(name)
    if project is None:
        return error_response_json("ResourceNotFoundException", f"Project cannot be found: {codebuild._project_arn(name)}", 400)
    unknown = sorted(set(data) - _KNOWN)
    if unknown:
        return error_response_json(
            "InvalidInputException", f"the local cloud does not run builds with {', '.join(unknown)}; known are {', '.join(sorted(_KNOWN))}", 400,
        )
    project = copy.deepcopy(project)
    with _lock:
        # https://docs.aws.amazon.com/codebuild/latest/userguide/builds-working.html
        limit = project.get("concurrentBuildLimit")
        of_project = [one for one in codebuild._builds.values() if one["projectName"] == name and one["buildStatus"] == "IN_PROGRESS"]
        if limit and len(of_project) >= limit:
            return error_response_json("AccountLimitExceededException", f"Project {name} cannot have more than {limit} builds running at a time", 400)
        record = _record(project, data)
        codebuild._builds[record["id"]] = record
    build = _running[record["arn"]] = Build(project, record, data)
    threading.Thread(target=contextvars.copy_context().run, args=(_run, build), daemon=True, name=record["id"]).start()
    return json_response({"build": copy.deepcopy(record)})


def _run(build):
    try:
        build.run()
    finally:
        _running.pop(build.record["arn"])


def _record(project, data):
    record = codebuild._make_build_record(project, codebuild._build_id(project["name"]), data.get("sourceVersion"))
    del record["endTime"]
    vpc = {"vpcConfig": project["vpcConfig"]} if project.get("vpcConfig") else {}
    return record | vpc | {
        "buildStatus": "IN_PROGRESS", "currentPhase": "SUBMITTED", "buildComplete": False, "phases": [], "startTime": time.time(),
        "serviceRole": project["serviceRole"], "timeoutInMinutes": int(data.get("timeoutInMinutesOverride") or project["timeoutInMinutes"]),
    }


def _stop(data):
    record = codebuild._builds.get(data.get("id", ""))
    if record is None:
        return error_response_json("ResourceNotFoundException", f"Build cannot be found: {data.get('id', '')}", 400)
    build = _running.get(record["arn"])
    if build is not None:
        build.stop("STOPPED")
    return json_response({"build": copy.deepcopy(record)})


def _further_projects(_method, _path, headers, body, _query_params):
    """The emulator judges a call by one resource; each build that a call names belongs to a project.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html
    """
    action = f"codebuild:{headers.get('x-amz-target', '').rsplit('.', 1)[-1]}"
    prefix = f"arn:aws:codebuild:{get_region()}:{get_account_id()}:project"
    return [(action, f"{prefix}/{project}", {}) for project in context.projects_of_builds(body)[1:]]
