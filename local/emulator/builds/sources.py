"""The source of a build: a folder of this machine, or an object in S3."""

import io
import json
import os
import shutil
import zipfile
from fnmatch import fnmatchcase

from ministack.services import s3

from .failure import BuildFailed

_FOLDERS = json.loads(os.environ.get("FILEWORKS_BUILDS") or "[]")
"""The entries of `builds` in tasks.json."""


def entry_of(project):
    """The first entry that matches the project; empty when there is none."""
    location = (project.get("source") or {}).get("location", "")
    return next((
        entry for entry in _FOLDERS
        if fnmatchcase(project["name"], entry.get("project", "*")) and fnmatchcase(location, entry.get("source", "*"))
    ), {})


def fetch(project, version, folder, role):
    source = project.get("source") or {}
    kind, location, entry = source.get("type", "NO_SOURCE"), source.get("location", ""), entry_of(project)
    if "cwd" in entry:
        shutil.copytree(entry["cwd"], folder, symlinks=True)
    elif kind == "NO_SOURCE":
        os.mkdir(folder)
    elif kind == "S3":
        _unpack(_object(location, version, role), folder)
    else:
        example = json.dumps({"source": location, "cwd": "path/to/checkout"})
        raise BuildFailed(
            "SOURCE_NOT_FOUND", f"the local cloud does not check out {location}; name a folder of this machine in tasks.json, in `builds`: {example}",
        )


def _object(location, version, role):
    bucket, _, key = location.removeprefix("arn:aws:s3:::").partition("/")
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_RequestSyntax
    action = "s3:GetObjectVersion" if version else "s3:GetObject"
    role.call(action, f"arn:aws:s3:::{bucket}/{key}", reason="AccessDenied: {message}", code="CLIENT_ERROR")
    data = s3._get_object_data(bucket, key, version)
    if data is None:
        raise BuildFailed("CLIENT_ERROR", f"NoSuchKey: there is no object {key} in the bucket {bucket}")
    return data


def _unpack(data, folder):
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise BuildFailed("CLIENT_ERROR", f"the source is no ZIP archive: {error}") from None
    for member in archive.infolist():
        path = archive.extract(member, folder)
        mode = member.external_attr >> 16 & 0o777
        if mode and not member.is_dir():
            os.chmod(path, mode)
