"""Limits and validations of AWS that the emulator does not have, in front of its functions.

Each is held by a row of the table in local/test/limits/, which docs/local-cloud-limits.md shows.
"""

from ministack.services import cloudwatch_logs, eventbridge, iam, lambda_svc, scheduler, stepfunctions

from . import buses, filters, functions, machines, model, objects, queues, roles, schedules, tasks, templates
from .refusal import Refused, as_json

_MODELS = {"events": eventbridge, "iam": iam, "lambda": lambda_svc, "logs": cloudwatch_logs, "scheduler": scheduler, "stepfunctions": stepfunctions}


def apply():
    for module in (buses, filters, functions, machines, objects, queues, roles, schedules, tasks, templates):
        module.apply()
    for service, module in _MODELS.items():
        module.handle_request = _validated(service, module.handle_request, roles.as_xml if service == "iam" else as_json)


def _validated(service, handle, answer):
    async def handle_valid(method, path, headers, body, query):
        try:
            model.check(service, method, path, headers, body, query)
            if service == "lambda" and path.endswith("/invocations"):
                functions.check_payload(headers, body)
        except Refused as refused:
            return answer(refused)
        return await handle(method, path, headers, body, query)

    return handle_valid
