"""The emulator has no metrics of queues; fileworks-local samples the queues and sets the states of alarms on them.

The emulator must not evaluate these alarms too: it would set them from values that a program put under the name of a
queue's metric.
"""

from ministack.services import cloudwatch


def needed():
    # Not a defect: it goes when the emulator has metrics of queues and metric math.
    return True


def apply():
    original = cloudwatch._evaluate_alarm

    def evaluate(alarm):
        if alarm.get("Namespace") != "AWS/SQS" and not alarm.get("Metrics"):
            original(alarm)

    cloudwatch._evaluate_alarm = evaluate
