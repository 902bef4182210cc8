"""A CodeBuild project must have a name that CodeBuild accepts: builds use it as the name of a directory, also `../..`.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html (`name`). No upstream report (ministack 1.5.33).
"""

import re

from ministack.core.responses import error_response_json, request_scope
from ministack.services import codebuild
from ministack.services.cloudformation import provisioners

from . import scratch

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-_]{1,149}")


def _fault(name):
    return None if _NAME.fullmatch(str(name)) else f"Invalid project name: {name}: it must match {_NAME.pattern}"


def needed():
    with request_scope(scratch.ACCOUNT, scratch.REGION):
        status = codebuild._create_project({"name": "../probe"})[0]
        codebuild._projects.pop("../probe", None)
    return status == 200


def apply():
    create = codebuild._create_project
    handler = provisioners._RESOURCE_HANDLERS["AWS::CodeBuild::Project"]
    provision = handler["create"]

    def create_project(data):
        fault = data.get("name") and _fault(data["name"])
        return error_response_json("InvalidInputException", fault, 400) if fault else create(data)

    def provision_project(logical_id, props, *rest, **options):
        # The emulator ignores the answer to the call that it makes for a template.
        fault = "Name" in props and _fault(props["Name"])
        if fault:
            raise ValueError(fault)
        return provision(logical_id, props, *rest, **options)

    codebuild._create_project = create_project
    handler["create"] = provision_project
