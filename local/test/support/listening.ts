import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The state LISTEN in /proc/net/tcp. */
const LISTEN = '0A';

/** Addresses (`127.0.0.1:80`) that a process, or one of those that it started, listens on. Linux only. */
export function listening(pid: number): string[] {
  const inodes = new Set(family(pid).flatMap(socketsOf));
  return ['tcp', 'tcp6']
    .flatMap((table) => readFileSync(`/proc/net/${table}`, 'utf8').trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[3] === LISTEN && inodes.has(columns[9]))
    .map((columns) => addressOf(columns[1]))
    .sort();
}

function family(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return [[Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])] as const];
      } catch {
        return []; // It has ended in the meantime
      }
    });
  const below = (parent: number): number[] => [
    parent,
    ...parents.filter(([, ppid]) => ppid === parent).flatMap(([child]) => below(child)),
  ];
  return below(pid);
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.slice(1) ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

/** An address of the table is in hexadecimal, in the byte order of the machine. */
function addressOf(column: string): string {
  const [address, port] = column.split(':');
  const bytes = address.length === 8 ? [...Buffer.from(address, 'hex')].reverse().join('.') : `[${address}]`;
  return `${bytes}:${Number.parseInt(port, 16)}`;
}
