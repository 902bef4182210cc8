"""Task definitions from CloudFormation lose `Secrets`, `DependsOn` and other lists: their members keep CloudFormation's casing.

No report upstream; ministack 1.5.33.
"""

from ministack.services.cloudformation import provisioners

_LISTS = ("secrets", "dependsOn", "ulimits", "environmentFiles", "extraHosts", "systemControls", "resourceRequirements")
_OBJECTS = ("healthCheck", "linuxParameters", "repositoryCredentials", "firelensConfiguration", "restartPolicy")


def needed():
    probe = provisioners._normalize_container_defs([{"Name": "c", "Secrets": [{"Name": "A", "ValueFrom": "b"}]}])
    return probe[0]["secrets"] != [{"name": "A", "valueFrom": "b"}]


def apply():
    original = provisioners._normalize_container_defs

    def normalize(definitions):
        result = original(definitions)
        for definition in result:
            for key in (*_LISTS, *_OBJECTS):
                if key in definition:
                    definition[key] = provisioners._pascal_to_camel(definition[key])
        return result

    provisioners._normalize_container_defs = normalize
