"""CodeBuild: builds run their commands as processes of this machine, with the role of their project."""

from . import api, projects, targets


def apply():
    projects.apply()
    api.apply()
    targets.apply()
