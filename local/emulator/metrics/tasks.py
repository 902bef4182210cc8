"""Task counts of services, sampled at the end of each minute of the clock: metrics of Container Insights.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
"""

from ministack.services import ecs

from . import store

NAMESPACE = "ECS/ContainerInsights"
_COUNTS = {"DesiredTaskCount": "desiredCount", "PendingTaskCount": "pendingCount", "RunningTaskCount": "runningCount"}


def sample(minute):
    for (account, region, _key), service in list(ecs._services._data.items()):
        name = service["clusterArn"].split("/")[-1]
        cluster = ecs._clusters.get_scoped(account, region, name) or {}
        if service["status"] != "ACTIVE" or not _has_insights(cluster):
            continue
        dimensions, moment = {"ClusterName": name, "ServiceName": service["serviceName"]}, minute * 60
        for metric, count in _COUNTS.items():
            store.put(NAMESPACE, metric, dimensions, service[count], account=account, region=region, timestamp=moment)


def _has_insights(cluster):
    settings = {setting["name"]: setting["value"] for setting in cluster.get("settings", [])}
    return settings.get("containerInsights") in ("enabled", "enhanced")
