import { spawn, type ChildProcess } from 'node:child_process';

/**
 * The program of the child: each line of its input names a process group to watch (`+id`) or to forget (`-id`); at
 * the end of its input it kills those that it watches.
 */
const PROGRAM = `
const groups = new Set();
let rest = '';
process.on('SIGINT', () => {}).on('SIGTERM', () => {}).on('SIGHUP', () => {});
process.stdin.setEncoding('utf8').on('data', (data) => {
  const lines = (rest + data).split('\\n');
  rest = lines.pop();
  for (const line of lines) {
    if (line[0] === '+') groups.add(Number(line.slice(1)));
    else groups.delete(Number(line.slice(1)));
  }
}).on('end', () => {
  for (const group of groups) try { process.kill(-group, 'SIGKILL'); } catch {}
});
`;

/**
 * Kills process groups when this process ends, by any signal.
 *
 * A child process reads from a pipe that the kernel closes when this process ends, even after SIGKILL.
 */
export class Reaper {
  #process: ChildProcess | undefined;

  start(): void {
    this.#process = spawn(process.execPath, ['-e', PROGRAM], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
    });
    this.#process.stdin?.on('error', () => undefined);
    this.#process.unref();
  }

  watch(group: number): void {
    this.#process?.stdin?.write(`+${group}\n`);
  }

  forget(group: number): void {
    this.#process?.stdin?.write(`-${group}\n`);
  }

  /** Ends the child, which kills the groups that are still watched. */
  async stop(): Promise<void> {
    const reaper = this.#process;
    this.#process = undefined;
    if (reaper?.exitCode !== null) {
      return;
    }
    const ended = new Promise((resolve) => reaper.once('exit', resolve));
    reaper.ref();
    reaper.stdin?.end();
    await ended;
  }
}
