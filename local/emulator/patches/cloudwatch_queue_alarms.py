"""The emulator evaluates alarms on the values it was sent, and has none of queues; those alarms fileworks-local evaluates.

It samples the queues itself and sets the states. This keeps a value that somebody puts under the name of a queue's
metric from ringing an alarm behind its back.
"""

from ministack.services import cloudwatch


def needed():
    # A division of work, not a defect: it ends when the emulator has queue metrics and metric math.
    return True


def apply():
    original = cloudwatch._evaluate_alarm

    def evaluate(alarm):
        if alarm.get("Namespace") != "AWS/SQS" and not alarm.get("Metrics"):
            original(alarm)

    cloudwatch._evaluate_alarm = evaluate
