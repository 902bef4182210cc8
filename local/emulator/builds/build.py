"""A build, from its phase SUBMITTED to COMPLETED.

https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html
"""

import logging
import threading
import time

import reports
import service_events
from metrics import store
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch_logs

from . import sources, spec, variables
from .failure import BuildFailed
from .machine import Machine
from .role import Role

logger = logging.getLogger("fileworks.builds")

# https://docs.aws.amazon.com/codebuild/latest/userguide/monitoring-metrics.html
_METRICS = {"SUCCEEDED": "SucceededBuilds", "FAILED": "FailedBuilds", "FAULT": "FailedBuilds", "TIMED_OUT": "FailedBuilds"}


class Build:
    def __init__(self, project, record, request):
        self._project, self.record, self._request = project, record, request
        self._uuid = record["id"].rsplit(":", 1)[-1]
        self._role = Role(project["serviceRole"], project["arn"])
        self._machine = Machine()
        self._log = None
        self._status = "SUCCEEDED"
        self._why = ""
        self._ended_by = None

    def run(self):
        timer = threading.Timer(self.record["timeoutInMinutes"] * 60, self.stop, ["TIMED_OUT"])
        timer.daemon = True
        timer.start()
        self._changed()
        self._count("Builds")
        try:
            self._run_phases()
        except Exception as error:
            logger.exception("build %s", self.record["id"])
            self._status, self._why = "FAULT", str(error)
        finally:
            timer.cancel()
            self._machine.close()
            self._complete()

    def stop(self, status):
        """`STOPPED` or `TIMED_OUT`. A build that has ended keeps its status."""
        self._ended_by = self._ended_by or status
        self._machine.kill()

    def _run_phases(self):
        for name, step in (("SUBMITTED", None), ("QUEUED", None), ("PROVISIONING", self._provision), ("DOWNLOAD_SOURCE", self._download)):
            if not self._phase(name, step):
                return
        installed = self._phase("INSTALL", self._commands("install")) and self._phase("PRE_BUILD", self._commands("pre_build"))
        if installed:
            self._phase("BUILD", self._commands("build"))
            if self._ended_by is None:
                self._phase("POST_BUILD", self._commands("post_build"))
            self._phase("UPLOAD_ARTIFACTS", self._upload)
        self._phase("FINALIZING", self._release)

    def _phase(self, name, step):
        """Whether the build goes on to the next phase."""
        phase = {"phaseType": name, "phaseStatus": "IN_PROGRESS", "startTime": time.time()}
        self.record["phases"].append(phase)
        self.record["currentPhase"] = name
        failed = None
        try:
            if step:
                step()
        except BuildFailed as error:
            failed = error
        status = self._ended_by or ("FAILED" if failed else "SUCCEEDED")
        phase |= {"phaseStatus": status, "endTime": time.time()}
        phase["durationInSeconds"] = round(phase["endTime"] - phase["startTime"])
        phase["contexts"] = [{"statusCode": failed.code if failed else "", "message": str(failed or "")}]
        self._say(f"Phase complete: {name} State: {status}")
        if failed and self._ended_by is None:
            self._say(f"Phase context status code: {failed.code} Message: {failed}")
        if status != "SUCCEEDED" and self._status == "SUCCEEDED":
            self._status, self._why = status, f"{name}: {failed or status}"
        return status == "SUCCEEDED"

    def _provision(self):
        logs = (self._project.get("logsConfig") or {}).get("cloudWatchLogs") or {}
        credentials = self._role.session(f"AWSCodeBuild-{self._uuid}")
        if logs.get("status", "ENABLED") == "ENABLED":
            group = logs.get("groupName") or f"/aws/codebuild/{self._project['name']}"
            stream = "/".join(filter(None, (logs.get("streamName"), self._uuid)))
            self._role.open_log(group, stream, self.record["arn"])
            self._log = {"logGroupName": group, "logStreamName": stream}
            self.record["logs"] = {"groupName": group, "streamName": stream}
        vpc = self._project.get("vpcConfig") or {}
        if vpc.get("subnets"):
            interface = f"eni-{self._uuid.replace('-', '')[:17]}"
            self._role.make_interface(vpc, vpc["subnets"][0], interface)
            self.record["networkInterface"] = {"subnetId": vpc["subnets"][0], "networkInterfaceId": interface}
        self._credentials = credentials

    def _download(self):
        version = self._request.get("sourceVersion") or self._project.get("sourceVersion")
        sources.fetch(self._project, version, self._machine.source, self._role)
        given = self._request.get("buildspecOverride") or (self._project.get("source") or {}).get("buildspec")
        self._spec = spec.read(self._machine.source, given)
        overrides = self._request.get("environmentVariablesOverride") or []
        own = variables.of(self._spec, self._project, overrides, self._role, self._machine.local)
        entry = sources.entry_of(self._project).get("env", {})
        self._machine.use(self._spec.shell, entry | self._environment() | own | self._credentials, self._say)

    def _environment(self):
        source, region = self._project.get("source") or {}, get_region()
        prefix = "s3://" if source.get("type") == "S3" else ""
        return {
            "AWS_REGION": region, "AWS_DEFAULT_REGION": region,
            "CODEBUILD_BUILD_ARN": self.record["arn"], "CODEBUILD_BUILD_ID": self.record["id"],
            "CODEBUILD_BUILD_IMAGE": (self._project.get("environment") or {}).get("image", ""),
            "CODEBUILD_BUILD_NUMBER": str(self.record["buildNumber"]), "CODEBUILD_INITIATOR": self.record["initiator"],
            "CODEBUILD_KMS_KEY_ID": self.record["encryptionKey"], "CODEBUILD_LOG_PATH": (self._log or {}).get("logStreamName", ""),
            "CODEBUILD_SOURCE_REPO_URL": f"{prefix}{source.get('location', '')}",
            "CODEBUILD_SOURCE_VERSION": self.record["sourceVersion"], "CODEBUILD_START_TIME": str(round(self.record["startTime"] * 1000)),
        }

    def _commands(self, name):
        def run():
            phase = self._spec.phases[name]
            failed = self._first_failure(phase.commands)
            failed = self._first_failure(phase.last) or failed
            if failed:
                raise failed

        return run

    def _first_failure(self, commands):
        for command in commands:
            if self._ended_by is not None:
                return None
            self._say(f"Running command {command}")
            succeeding = int(self._status == "SUCCEEDED")
            code = self._machine.run(f"export CODEBUILD_BUILD_SUCCEEDING={succeeding}\n{command}")
            if code != 0:
                return BuildFailed("COMMAND_EXECUTION_ERROR", f"Error while executing command: {command}. Reason: exit status {code}")
        return None

    def _upload(self):
        kind = (self._project.get("artifacts") or {}).get("type", "NO_ARTIFACTS")
        if kind != "NO_ARTIFACTS":
            raise BuildFailed("CLIENT_ERROR", f"the local cloud stores no artifacts of builds, got the type {kind}")

    def _release(self):
        if "networkInterface" in self.record:
            self._role.delete_interface(self.record["networkInterface"]["networkInterfaceId"])

    def _complete(self):
        status, now = self._ended_by or self._status, time.time()
        self.record["phases"].append({"phaseType": "COMPLETED", "startTime": now})
        self.record |= {"currentPhase": "COMPLETED", "endTime": now, "buildStatus": status, "buildComplete": True}
        if status in _METRICS:
            self._count(_METRICS[status])
        self._count("Duration", now - self.record["startTime"], "Seconds")
        why = f", {self._why}" if self._why else ""
        reports.send("line", {"line": f"build {self.record['id']}: {status}{why}"})
        self._changed()

    def _say(self, text):
        if self._log is not None:
            event = {"timestamp": round(time.time() * 1000), "message": text}
            cloudwatch_logs._put_log_events({**self._log, "logEvents": [event]})

    def _count(self, name, value=1, unit="Count"):
        for dimensions in ({"ProjectName": self._project["name"]}, {}):
            store.put("AWS/CodeBuild", name, dimensions, value, account=get_account_id(), region=get_region(), unit=unit)

    def _changed(self):
        """https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html#sample-build-notifications-ref"""
        detail = {
            "build-status": self.record["buildStatus"], "project-name": self._project["name"], "build-id": self.record["arn"],
            "current-phase": self.record["currentPhase"], "current-phase-context": "[]", "version": "1",
            "additional-information": {
                "build-complete": self.record["buildComplete"], "initiator": self.record["initiator"], "logs": self.record["logs"],
                "source": self._project.get("source") or {}, "environment": self._project.get("environment") or {},
                "timeout-in-minutes": self.record["timeoutInMinutes"], "phases": _for_event(self.record["phases"]),
            },
        }
        account, region = get_account_id(), get_region()
        service_events.put(account, region, "aws.codebuild", "CodeBuild Build State Change", [self.record["arn"]], detail)


def _for_event(phases):
    return [{
        "phase-type": phase["phaseType"], **({"phase-status": phase["phaseStatus"]} if "phaseStatus" in phase else {}),
        **({"duration-in-seconds": phase["durationInSeconds"]} if "durationInSeconds" in phase else {}),
    } for phase in phases]
