"""A Distributed Map of Step Functions ignores ItemBatcher, ResultWriter and JSONata in its fields; its children have the context of their parent.

AWS counts failed items against the tolerated failures, and stops the run at the limit; the emulator does neither.
No report upstream; ministack 1.5.33.
"""

import copy
import json
import uuid
from functools import partial

from authorization import step_functions
from authorization.integration_errors import of_integration
from ministack.core.responses import request_scope
from ministack.services import stepfunctions

from . import scratch, sfn_put_object

_run = stepfunctions._run_distributed_map
_run_sub_machine = stepfunctions._run_sub_machine
OURS = ("ItemReader", "ItemSelector", "ItemBatcher", "ResultWriter", "ItemsPath", "Items", "Output", "Assign")


def needed():
    states = {"P": {"Type": "Pass", "End": True}}
    state = {
        "Items": [1, 2, 3], "ItemBatcher": {"MaxItemsPerBatch": 2}, "End": True,
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "StartAt": "P", "States": states},
    }
    execution = {"executionArn": "arn:e", "stateMachineArn": f"arn:aws:states:{scratch.REGION}:{scratch.ACCOUNT}:stateMachine:probe", "events": []}
    with request_scope(scratch.ACCOUNT, scratch.REGION):
        try:
            output, _next = stepfunctions._run_map_items(state, {}, execution, {"QueryLanguage": "JSONata", "State": {}, "Execution": {"Id": "arn:p"}})
        finally:
            for store in (stepfunctions._map_runs, stepfunctions._executions):
                for key in list(store.keys()):
                    store.pop(key, None)
    return output != [{"Items": [1, 2]}, {"Items": [3]}]


def apply():
    stepfunctions._run_distributed_map = run
    stepfunctions._run_sub_machine = run_sub_machine


def run_sub_machine(states, start_at, input_data, execution, ctx):
    if "mapRunArn" not in execution or ctx["Execution"]["Id"] == execution["executionArn"]:
        return _run_sub_machine(states, start_at, input_data, execution, ctx)
    ctx["Execution"] = {
        "Id": execution["executionArn"], "Name": execution["name"], "Input": input_data, "StartTime": execution["startDate"],
    }
    try:
        return _run_sub_machine(states, start_at, input_data, execution, ctx)
    finally:
        step_functions.may("states:DescribeExecution", execution["executionArn"])


def run(state_def, raw_input, effective, iterator, execution, ctx):
    if stepfunctions._state_query_language(state_def, ctx) != "JSONata":
        _may_start(execution)
        return _run(state_def, raw_input, effective, iterator, execution, ctx)
    children = _batches(state_def.get("ItemBatcher"), _items(state_def, raw_input, ctx), raw_input, ctx)
    if children:
        _may_start(execution)
    rest = {name: value for name, value in state_def.items() if name not in OURS}
    # As JSONPath without fields: the items are the input, and their results the output.
    results, following = _run({**rest, "QueryLanguage": "JSONPath"}, children, children, iterator, execution, ctx)
    if "ResultWriter" in state_def:
        results = _write(state_def["ResultWriter"], results, raw_input, ctx)
    output = stepfunctions._apply_jsonata_output(state_def, raw_input, ctx, result=results, default=results)
    stepfunctions._apply_state_assign(state_def, raw_input, ctx, result=results)
    return output, following


def _may_start(execution):
    """https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html"""
    machine = execution["stateMachineArn"].split("/")[0]
    step_functions.check("states:StartExecution", machine, error=partial(of_integration, "arn:aws:states:::states:startExecution"))


def _items(state_def, raw_input, ctx):
    reader = state_def.get("ItemReader")
    if reader is None:
        items = stepfunctions._jsonata_state_field(state_def, "Items", "array", raw_input, ctx)
    else:
        arguments = stepfunctions._apply_jsonata_template(reader["Arguments"], raw_input, ctx)
        items = stepfunctions._read_map_items({**reader, "Arguments": arguments}, raw_input, ctx)
        for item in items:
            if isinstance(item, dict) and "Etag" in item:
                item["Etag"] = '"' + item["Etag"].strip('"') + '"'
    selector = state_def.get("ItemSelector")
    if selector is None:
        return items
    context = copy.deepcopy(ctx)

    def select(index, item):
        context["Map"] = {"Item": {"Index": index, "Value": item}}
        return stepfunctions._apply_jsonata_template(selector, raw_input, context)

    return [select(index, item) for index, item in enumerate(items)]


def _batches(batcher, items, raw_input, ctx):
    if batcher is None:
        return items
    max_items, max_bytes = batcher.get("MaxItemsPerBatch", len(items)), batcher.get("MaxInputBytesPerBatch", 262_144)
    common = {}
    if "BatchInput" in batcher:
        common["BatchInput"] = stepfunctions._apply_jsonata_template(batcher["BatchInput"], raw_input, ctx)
    base = size = len(json.dumps({**common, "Items": []}))
    batches = [[]]
    for item in items:
        own = len(json.dumps(item, ensure_ascii=False).encode()) + 1
        if batches[-1] and (len(batches[-1]) >= max_items or size + own > max_bytes):
            batches.append([])
            size = base
        batches[-1].append(item)
        size += own
    return [{**common, "Items": batch} for batch in batches if batch]


# What AWS lists for the writer, which uploads in parts, beside s3:PutObject.
# https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html#resultwriter-iam-policies
_WRITER_ACTIONS = ("s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload")


def _write(writer, results, raw_input, ctx):
    """https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html"""
    target = stepfunctions._apply_jsonata_template(writer["Arguments"], raw_input, ctx)
    folder = f"{target['Prefix'].rstrip('/')}/{uuid.uuid4()}"
    file, manifest = f"{folder}/SUCCEEDED_0.json", f"{folder}/manifest.json"
    for action in _WRITER_ACTIONS:
        step_functions.check(action, f"arn:aws:s3:::{target['Bucket']}/{file}", error=_not_written)
    content = {"DestinationBucket": target["Bucket"], "ResultFiles": {"FAILED": [], "PENDING": [], "SUCCEEDED": [{"Key": file}]}}
    sfn_put_object.put_object({"Bucket": target["Bucket"], "Key": file, "Body": results}, _not_written)
    sfn_put_object.put_object({"Bucket": target["Bucket"], "Key": manifest, "Body": content}, _not_written)
    return {"ResultWriterDetails": {"Bucket": target["Bucket"], "Key": manifest}}


def _not_written(denied):
    return "States.ResultWriterFailed", denied.message
