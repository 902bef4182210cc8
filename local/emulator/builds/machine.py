"""The machine of a build: a folder, an environment and a shell, which runs the commands.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading

import reports

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")

# One instance of the shell runs all commands, so that directory and variables remain. It reads the path of each from descriptor 3.
# https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec-ref-versions
_DRIVER = 'while IFS= read -r fileworks_command <&{read}; do . "$fileworks_command" {read}<&- {write}>&-; echo $? >&{write}; done'


class Machine:
    """Builds run in parallel: each has its own `/tmp`, a folder that replaces it in commands and variables."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="build-")
        self.source = os.path.join(self.folder, "src")
        self._tmp = os.path.join(self.folder, "tmp")
        os.mkdir(self._tmp)
        self._shell = None
        self._commands = 0
        self._ended = False
        self._lock = threading.Lock()

    def local(self, text):
        return re.sub(r"(?<![\w./-])/tmp(?=/)", lambda _match: self._tmp, text)

    def use(self, shell, variables, write):
        """The program, the environment and the receiver of the lines of its output."""
        self._program, self._write = shell, write
        self._environment = {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ}, "TMPDIR": self._tmp,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}", "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_CONFIG_FILE": os.devnull, "CODEBUILD_SRC_DIR": self.source,
            **variables,
        }

    def run(self, command):
        """The exit code of a command. A command that ends the shell leaves the next one a new shell."""
        shell = self._shell or self._start()
        if shell is None:
            return -signal.SIGKILL
        self._commands += 1
        path = os.path.join(self.folder, f"command-{self._commands}.sh")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{self.local(command)}\n")
        try:
            os.write(shell.commands, f"{path}\n".encode())
        except BrokenPipeError:
            return self._end()
        answer = shell.codes.readline()
        return int(answer) if answer else self._end()

    def kill(self):
        """End the shell and all that it started; no other starts."""
        with self._lock:
            self._ended = True
            if self._shell is not None:
                self._shell.kill()

    def close(self):
        self.kill()
        if self._shell is not None:
            self._end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self):
        with self._lock:
            if not self._ended:
                self._shell = _Shell(self._program, self.source, self._environment, self._write)
            return self._shell

    def _end(self):
        shell, self._shell = self._shell, None
        return shell.wait()


class _Shell:
    def __init__(self, program, folder, environment, write):
        paths, self.commands = os.pipe()
        codes, answers = os.pipe()
        self._process = subprocess.Popen(
            # Bash is also the `sh` of Amazon Linux
            [program, "-c", _DRIVER.format(read=paths, write=answers)], executable="bash", cwd=folder, env=environment,
            pass_fds=(paths, answers), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            start_new_session=True,
        )
        reports.send("group", {"group": self._process.pid, "running": True})
        os.close(paths)
        os.close(answers)
        self.codes = os.fdopen(codes)
        self._output = threading.Thread(target=self._read, args=(write,), daemon=True)
        self._output.start()

    def kill(self):
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def wait(self):
        code = self._process.wait()
        # What it started in the background ends with it
        self.kill()
        self._output.join()
        os.close(self.commands)
        self.codes.close()
        reports.send("group", {"group": self._process.pid, "running": False})
        return code

    def _read(self, write):
        for line in self._process.stdout:
            write(line.rstrip("\n"))
