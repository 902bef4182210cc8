"""Runs ministack with our patches in this process, for as long as the parent lives.

Three pipes to the parent: commands on stdin (JSON lines; this process ends when it is closed), reports on file
descriptor 3 (JSON lines), logs on stdout and stderr. The parent sets the environment variables that ministack reads.
"""

import asyncio
import ctypes
import json
import os
import signal
import sys
import threading

import clock

clock.take_over()

import commands
import reports


def die_with_parent():
    """Have Linux kill this process with its parent; elsewhere the end of stdin does it."""
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def end_group():
    """Kill this process and its children: Lambda functions run in its process group."""
    os.killpg(os.getpgrp(), signal.SIGKILL)


def run_commands():
    for line in sys.stdin:
        command = json.loads(line)
        try:
            reports.send("answer", {"id": command["id"], "result": commands.run(command)})
        except Exception as error:
            reports.send("answer", {"id": command["id"], "error": str(error)})
    end_group()


def raise_open_file_limit():
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve(port):
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config
    from ministack.app import app

    import admission
    import connections
    import extensions
    import failures
    import parent_apis

    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    await hypercorn_serve(connections.wrap(admission.wrap(extensions.wrap(failures.wrap(parent_apis.wrap(app))))), config)


def main():
    die_with_parent()
    threading.Thread(target=run_commands, daemon=True, name="stdin").start()
    raise_open_file_limit()

    import admission
    import extensions
    import failures
    import limits
    import patches
    import timing

    timing.apply()
    for name, state in patches.apply_all():
        print(f"patch {name}: {state}", flush=True)
    limits.apply()
    extensions.apply_all()
    failures.apply()
    admission.apply_to_http_servers()
    from ministack.services.cloudformation import provisioners

    reports.send("types", {"types": [*provisioners._RESOURCE_HANDLERS]})
    asyncio.run(serve(int(os.environ["GATEWAY_PORT"])))


if __name__ == "__main__":
    main()
