"""A scratch account and a fake Docker client: probes run the emulator's own code and leave no state."""

import contextlib
import threading
import time

from ministack.core.responses import request_scope
from ministack.services import ecs

ACCOUNT = "999999999999"
REGION = "us-east-1"


class FakeContainer:
    """Exits with 3 when it is stopped; counts its starts."""

    def __init__(self):
        self.id = "probe"
        self.status = "running"
        self.runs = 0
        self.stop_timeout = None
        self.ended = threading.Event()

    def reload(self):
        """As docker-py: the state above is always the latest."""

    def stop(self, timeout=None):
        self.stop_timeout = self.stop_timeout or timeout
        self.status = "exited"
        self.ended.set()

    def wait(self, **_options):
        self.ended.wait(5)
        return {"StatusCode": 3}

    def remove(self, **_options):
        self.ended.set()


class FakeDocker:
    def __init__(self):
        self.container = FakeContainer()
        self.containers = self.images = self
        self.api = self

    def get(self, _container_id):
        return self.container

    def pull(self, *_image, **_options):
        return self

    def run(self, _image, **_options):
        self.container.runs += 1
        return self.container

    def wait(self, _container_id, **_options):
        return self.container.wait()


def until_stopped(task):
    """Wait until a task has stopped, 0.2 seconds at most: it may never."""
    for _ in range(20):
        if task["lastStatus"] == "STOPPED":
            break
        time.sleep(0.01)


@contextlib.contextmanager
def running_task(**fields):
    """A service's running task with one container (stop timeout 7 seconds) behind a fake Docker client."""
    docker = FakeDocker()
    real = ecs._get_docker
    ecs._get_docker = lambda: docker
    try:
        with request_scope(ACCOUNT, REGION):
            cluster = ecs._put_cluster({"clusterName": "probe"})
            registered = ecs._register_task_definition(
                {"family": "probe", "containerDefinitions": [{"name": "c", "image": "i", "stopTimeout": 7}]}
            )
            del registered
            arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/probe/1"
            task = {
                "taskArn": arn, "clusterArn": cluster["clusterArn"], "group": "service:probe", "version": 1,
                "taskDefinitionArn": ecs._task_defs["probe:1"]["taskDefinitionArn"],
                "lastStatus": "RUNNING", "desiredStatus": "RUNNING", "overrides": {},
                "containers": [{"name": "c", "lastStatus": "RUNNING", "exitCode": None, "_docker_id": "probe"}],
                "_docker_ids": ["probe"], "_container_essentials": [True], **fields,
            }
            ecs._tasks[arn] = task
            yield task, docker.container
    finally:
        docker.container.ended.set()
        with request_scope(ACCOUNT, REGION):
            for store in (ecs._clusters, ecs._task_defs, ecs._task_def_latest, ecs._services, ecs._tasks, ecs._tags):
                for key in list(store.keys()):
                    store.pop(key, None)
        ecs._get_docker = real
