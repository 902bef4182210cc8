"""A Parallel state of Step Functions waits for all branches before it fails.

AWS fails it with the first failed branch, and stops the others: their waits, and the tasks that they wait for.
No report upstream; ministack 1.5.33.
"""

import contextvars
import copy
import threading
import time

import clock
from ministack.services import stepfunctions

ABORTED = "States.Aborted"
_ends = contextvars.ContextVar("ends", default=())


def end_with(event):
    """What runs from here on in this thread and in its copies has ended when the event is set."""
    _ends.set((*_ends.get(), event))


def ended():
    """Whether a state around the current one has failed, or its execution was stopped, in the meantime."""
    return any(end.is_set() for end in _ends.get())


def needed():
    fail = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Probe"}}}
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": True}}}
    started = time.monotonic()
    try:
        stepfunctions._run_parallel_branches({"Branches": [fail, wait], "End": True}, {}, {"events": []}, {"State": {}})
    except stepfunctions._ExecutionError as error:
        return error.error != "Probe" or time.monotonic() - started > 0.8
    return True


def apply():
    stepfunctions._run_parallel_branches = run_branches
    stepfunctions._scaled_sleep = sleep


def sleep(seconds):
    clock.until(clock.now() + seconds, ended)
    if ended():
        raise stepfunctions._ExecutionError(ABORTED, "a state around this one has failed")


def run_branches(state_def, raw_input, execution, ctx):
    effective = stepfunctions._apply_parameters(state_def, stepfunctions._apply_input_path(state_def, raw_input, ctx), ctx)
    branches = state_def.get("Branches", [])
    results, end, changed = [None] * len(branches), threading.Event(), threading.Condition()
    errors, left = [], set(range(len(branches)))

    def run(index, branch):
        end_with(end)
        error = None
        try:
            # Each branch has its own context: Step Functions keeps the variables of branches apart.
            results[index] = stepfunctions._run_sub_machine(branch["States"], branch["StartAt"], effective, execution, copy.deepcopy(ctx))
        except Exception as exception:
            error = exception
        with changed:
            left.discard(index)
            if error is not None:
                errors.append(error)
            changed.notify()

    for index, branch in enumerate(branches):
        threading.Thread(target=contextvars.copy_context().run, args=(run, index, branch), daemon=True).start()
    with changed:
        changed.wait_for(lambda: errors or not left)
    if errors:
        end.set()
        [first, *_] = errors
        raise first if isinstance(first, stepfunctions._ExecutionError) else stepfunctions._ExecutionError("States.BranchFailed", str(first))
    if stepfunctions._state_query_language(state_def, ctx) == "JSONata":
        output = stepfunctions._apply_jsonata_output(state_def, raw_input, ctx, result=results, default=results)
        stepfunctions._apply_state_assign(state_def, raw_input, ctx, result=results)
        return output, stepfunctions._next_or_end(state_def)
    output = stepfunctions._apply_result_path(state_def, raw_input, stepfunctions._apply_result_selector(state_def, results))
    return stepfunctions._apply_output_path(state_def, output, ctx), stepfunctions._next_or_end(state_def)
