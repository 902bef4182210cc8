"""What the services of the emulator wait for, on the clock of the local cloud.

Times that processes see (of messages, objects, tasks and items) and the ends of what they hold are on their clock: real
time, or this one.
"""

from . import functions, queues, schedules, signatures, state_machines


def apply():
    for service in (functions, queues, schedules, signatures, state_machines):
        service.apply()
