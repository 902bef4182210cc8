"""Metrics of the local cloud: one store for those of queues, services, PutMetricData and log lines, on its clock.

The emulator keeps the data and answers the API; the parent evaluates the alarms of templates, with the data that
`report()` returns.
"""

from . import alarms, data, functions, log_lines, queues, services, store, tasks


def apply():
    for part in (store, data, alarms, log_lines, queues, services, functions):
        part.apply()


def report(command):
    """What is new since the last report: the data of metrics by minute, and the states of the alarms."""
    for sampled in (queues, tasks):
        sampled.sample(command["minute"])
    return {"data": store.take(), "alarms": alarms.states()}
