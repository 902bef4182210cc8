// Loaded before a Node.js program of a task or function (`--import`): its dates and timers follow the clock of the local cloud.
//
// A timer never gets shorter than `SHORTEST_TIMER_MS` of real time, or than it is without this clock: requests of a program
// take real time, and their time-outs would end before the answer.
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import promises from 'node:timers/promises';
import { promisify } from 'node:util';

const SHORTEST_TIMER_MS = 1_000;

const startedAt = Number(process.env.FILEWORKS_CLOCK_START) * 1_000;
const speed = Number(process.env.FILEWORKS_SPEED);

if (startedAt > 0 && speed > 0) {
  follow(globalThis.Date, performance.now.bind(performance));
}

function follow(RealDate, elapsed) {
  const { now: realNow } = RealDate;
  const now = () => Math.floor(startedAt + (realNow() - startedAt) * speed);
  const CloudDate = new Proxy(RealDate, {
    construct: (target, args, of) => Reflect.construct(target, args.length === 0 ? [now()] : args, of),
    apply: (target) => new target(now()).toString(),
  });
  RealDate.now = now;
  RealDate.prototype.constructor = CloudDate;
  globalThis.Date = CloudDate;
  Object.defineProperty(performance, 'timeOrigin', {
    value: startedAt + (performance.timeOrigin - startedAt) * speed,
    configurable: true,
  });
  performance.now = () => elapsed() * speed;

  const real = (ms = 1) => Math.max(ms / speed, Math.min(ms, SHORTEST_TIMER_MS));
  const { setTimeout: timeout, setInterval: interval } = timers;
  const { setTimeout: wait, setInterval: tick } = promises;
  promises.setTimeout = (ms, ...rest) => wait(real(ms), ...rest);
  promises.setInterval = (ms, ...rest) => tick(real(ms), ...rest);
  promises.scheduler.wait = (ms, options) => promises.setTimeout(ms, undefined, options);
  timers.setTimeout = (callback, ms, ...args) => timeout(callback, real(ms), ...args);
  timers.setInterval = (callback, ms, ...args) => interval(callback, real(ms), ...args);
  timers.setTimeout[promisify.custom] = promises.setTimeout;
  globalThis.setTimeout = timers.setTimeout;
  globalThis.setInterval = timers.setInterval;
  const { timeout: abortAfter } = AbortSignal;
  AbortSignal.timeout = (ms) => abortAfter.call(AbortSignal, Math.ceil(real(ms)));
  syncBuiltinESMExports();
}
