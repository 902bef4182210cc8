import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Clock } from './clock';
import { EMULATOR_DIR } from './emulator/toolchain';

/** Has a Node.js program follow the clock of the cloud that started it. */
export const NODE_OPTIONS_OF_CLOCK = `--import ${pathToFileURL(join(EMULATOR_DIR, 'processes', 'clock.mjs')).href}`;

/** The variables that name the clock of a process. */
export function clockVariables({ startedAt, speed }: Pick<Clock, 'startedAt' | 'speed'>): Record<string, string> {
  return { FILEWORKS_CLOCK_START: String(startedAt / 1_000), FILEWORKS_SPEED: String(speed) };
}

/** The environment of a task whose Node.js programs follow the clock of the cloud. */
export function onClock(env: Readonly<Record<string, string>>, clock: Clock): Record<string, string> {
  const nodeOptions = [env['NODE_OPTIONS'], NODE_OPTIONS_OF_CLOCK].filter(Boolean).join(' ');
  return { ...env, ...clockVariables(clock), NODE_OPTIONS: nodeOptions };
}
