import { readFileSync } from 'node:fs';

const POLL_MS = 500;

/**
 * Calls `ended` when a process that started this one ends, by any signal: its parent, and those above it, up to the
 * leader of the session. With npx, these are a shell, npx and its caller; the shell is the parent, and would wait for
 * this process after the others were killed.
 *
 * A process in a session of its own (`setsid`, or `detached` of Node.js) has none. Without `/proc`, only the parent is
 * watched.
 */
export function watchStarters(ended: () => void): void {
  const starters = startersOf(process.pid);
  const timer = setInterval(() => {
    // A process has another parent as soon as the first ends, even while that one is a zombie.
    if ([process.pid, ...starters].some((pid, index) => index < starters.length && parentOf(pid) !== starters[index])) {
      clearInterval(timer);
      ended();
    }
  }, POLL_MS);
  timer.unref();
}

/** Parent first. */
function startersOf(pid: number): number[] {
  const parent = parentOf(pid) ?? 0;
  return sessionOf(pid) === pid || parent <= 1 ? [] : [parent, ...startersOf(parent)];
}

function parentOf(pid: number): number | undefined {
  return pid === process.pid ? process.ppid : statOf(pid)?.[1];
}

function sessionOf(pid: number): number | undefined {
  return statOf(pid)?.[3];
}

/**
 * State, parent, group, session and more.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
function statOf(pid: number): number[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program stands in parentheses, and may hold any character.
    return stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
  } catch {
    return undefined;
  }
}
