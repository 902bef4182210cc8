"""Stacks that other programs deploy, for example `cdk deploy`: the parent prepares their templates like its own, and follows what they deploy."""

from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import changesets, engine, handlers, stacks

import parent_apis
import reports

# After these a stack is what its template says.
_DEPLOYED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


def apply():
    transform, deploy, delete = engine._apply_transforms, stacks._deploy_stack_async, stacks._delete_stack_async

    def prepared(template, *args):
        return _prepared(transform(template, *args))

    async def deploying(name, *args, **kwargs):
        await deploy(name, *args, **kwargs)
        _report(name)

    async def deleting(name, *args, **kwargs):
        await delete(name, *args, **kwargs)
        _report(name)

    for module in (engine, handlers, changesets):
        module._apply_transforms = prepared
    for module in (stacks, handlers, changesets):
        module._deploy_stack_async = deploying
    for module in (stacks, handlers):
        module._delete_stack_async = deleting


def _prepared(template):
    if isinstance(template, engine._TransformFailed) or not isinstance(template.get("Resources"), dict):
        return template  # The emulator refuses it
    status, answer = parent_apis.ask("cloudformation", "PrepareTemplate", {"template": template}, get_account_id(), get_region())
    if status != 200:
        raise ValueError(answer["message"])
    return answer["template"]


def _report(name):
    from ministack.services.cloudformation import _stacks

    stack, place = _stacks[name], {"name": name, "account": get_account_id(), "region": get_region()}
    if stack["StackStatus"] == "DELETE_COMPLETE":
        reports.send("stack", {"stack": place})
    elif stack["StackStatus"] in _DEPLOYED:
        outputs = stack.get("Outputs", [])
        reports.send("stack", {"stack": {**place, "deployed": {
            "template": engine._parse_template(stack["_template_body"]),
            "parameters": {key: str(value["Value"]) for key, value in stack["_resolved_params"].items()},
            "outputs": {output["OutputKey"]: output["OutputValue"] for output in outputs},
            "exports": {output["ExportName"]: output["OutputValue"] for output in outputs if output.get("ExportName")},
            "resources": {logical_id: resource["PhysicalResourceId"] for logical_id, resource in stack["_resources"].items()},
        }}})
