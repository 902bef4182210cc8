"""Members of projects that the emulator does not keep, and that decide about builds.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Project.html
"""

from ministack.services import codebuild
from ministack.services.cloudformation import provisioners

_KEPT = ("concurrentBuildLimit", "logsConfig", "vpcConfig")


def apply():
    create, update, shape = codebuild._create_project, codebuild._update_project, codebuild._project_shape
    handler = provisioners._RESOURCE_HANDLERS["AWS::CodeBuild::Project"]
    create_resource, update_resource = handler["create"], handler["update"]

    def create_resource_kept(logical_id, properties, *rest, **options):
        name, attributes = create_resource(logical_id, properties, *rest, **options)
        _keep(name, _of_template(properties))
        return name, attributes

    def update_resource_kept(physical_id, old, new, *rest, **options):
        name, attributes = update_resource(physical_id, old, new, *rest, **options)
        _keep(name, dict.fromkeys(_KEPT) | _of_template(new))
        return name, attributes

    codebuild._create_project = _keeping(create)
    codebuild._update_project = _keeping(update)
    codebuild._project_shape = lambda project: shape(project) | {name: project[name] for name in _KEPT if project.get(name)}
    handler["create"], handler["update"] = create_resource_kept, update_resource_kept


def _keeping(call):
    def kept(data):
        answer = call(data)
        if answer[0] != 200:
            return answer
        _keep(data["name"], data)
        return codebuild.json_response({"project": codebuild._project_shape(codebuild._projects[data["name"]])})

    return kept


def _keep(name, members):
    codebuild._projects[name].update({member: members[member] for member in _KEPT if member in members})


def _of_template(properties):
    members = provisioners._codebuild_cfn_to_api({name: properties[name] for name in ("LogsConfig", "VpcConfig") if name in properties})
    if "ConcurrentBuildLimit" in properties:
        members["concurrentBuildLimit"] = int(properties["ConcurrentBuildLimit"])
    return members
