"""A standalone task whose image cannot be pulled must stop with the reason of ECS: `CannotPullContainerError`.

No report upstream; ministack 1.5.33.
"""

from docker.errors import ImageNotFound
from ministack.services import ecs


class _NoImages:
    """A Docker client that has no image and can pull none."""

    def __init__(self):
        self.images = self.containers = self

    def _missing(self, *_args, **_options):
        raise ImageNotFound("no such image")

    get = pull = run = _missing


def needed():
    try:
        ecs._run_docker_container(_NoImages(), {"image": "probe"}, {})
    except ecs._ImagePullError:
        return False
    except ImageNotFound:
        return True
    return True


def apply():
    original = ecs._run_docker_container

    def run(docker_client, cdef, run_kwargs, **options):
        try:
            # Fargate pulls for every task.
            return original(docker_client, cdef, run_kwargs, **{**options, "refresh_image": True})
        except ImageNotFound as error:
            raise ecs._ImagePullError(error.explanation or str(error)) from error

    ecs._run_docker_container = run
