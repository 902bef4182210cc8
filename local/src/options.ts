import type { ProcessClock } from './clock';
import type { Emulator, EmulatorOptions } from './emulator/emulator';
import { LocalCloudError } from './errors';
import type { TaskMap } from './tasks/task-map';
import type { Authorization, Engines, LocalCloudEvents, QueueMetrics } from './types';

const MIN_SPEED = 0.1;
const MAX_SPEED = 600;

export interface LocalCloudOptions {
  /**
   * Directory of a synthesized CDK app. `false` deploys nothing: another program does, for example `cdk deploy`.
   * Default: `cdk.out`.
   */
  readonly app?: string | false;
  /**
   * The commands that stand for images: a JSON file, or its content. Default: what the Dockerfiles of the app's image
   * assets say; no other image can run.
   */
  readonly tasks?: string | TaskMap;
  /**
   * What happens to a call that AWS would deny: `enforce` refuses it, `audit` only reports it, `off` does neither.
   * Default: `enforce`.
   */
  readonly authorization?: Authorization;
  /** Real engines that stand in for parts of the emulator. Default: none. */
  readonly engines?: Engines;
  /**
   * The metrics that a queue sends without messages: `active` as AWS documents it, `always` zeros too. Default:
   * `active`.
   */
  readonly queueMetrics?: QueueMetrics;
  /** How many times faster than real time the clock of the cloud runs; 0.1 to 600. Default: 1. */
  readonly speed?: number;
  /**
   * The clock of tasks and functions: with `cloud`, their Node.js programs follow the clock of the cloud, and leases
   * and timeouts are measured on it. Default: `real`.
   */
  readonly processClock?: ProcessClock;
  /** Port of the AWS endpoint on 127.0.0.1, 1 to 65535. Default: a free one. */
  readonly port?: number;
  /** Region of stacks that do not name one. Default: `us-east-1`. */
  readonly region?: string;
  /** Account of stacks that do not name one, 12 digits. Default: `000000000000`. */
  readonly account?: string;
  /**
   * Where the emulator is installed and reused. Default: `FILEWORKS_TOOLS_DIR`, else `.tools` in the working directory.
   */
  readonly toolsDir?: string;
  /** Python 3.10 or newer, which makes the emulator's virtual environment. Default: `python3`. */
  readonly python?: string;
  /**
   * Directory of the log files of containers and emulator. Default: a new one below the system's temporary directory,
   * which `stop()` removes.
   */
  readonly logDir?: string;
  /**
   * Docker engine (`unix:///…` or `tcp://…`) for images that the task map does not name. Default: none; an image asset
   * runs as its Dockerfile says, and a task of another image does not start.
   */
  readonly dockerHost?: string;
  /** Another emulator instead of ministack. Default: ministack, installed on first use. */
  readonly emulator?: (options: EmulatorOptions) => Emulator;
  /**
   * Listeners from the start on: tasks begin to run while `LocalCloud.start()` still deploys. Default: none.
   */
  readonly on?: { readonly [Event in keyof LocalCloudEvents]?: (...event: LocalCloudEvents[Event]) => void };
}

/** @throws LocalCloudError that names the option, its range and the value */
export function checkOptions(options: LocalCloudOptions): void {
  const { speed, port, account, authorization, queueMetrics, engines, processClock } = options;
  if (authorization !== undefined && !['enforce', 'audit', 'off'].includes(authorization)) {
    throw new LocalCloudError('OptionInvalid', `authorization must be enforce, audit or off, got: ${authorization}`);
  }
  if (queueMetrics !== undefined && !['active', 'always'].includes(queueMetrics)) {
    throw new LocalCloudError('OptionInvalid', `queueMetrics must be active or always, got: ${queueMetrics}`);
  }
  if (processClock !== undefined && !['real', 'cloud'].includes(processClock)) {
    throw new LocalCloudError('OptionInvalid', `processClock must be real or cloud, got: ${processClock}`);
  }
  if (speed !== undefined && !(speed >= MIN_SPEED && speed <= MAX_SPEED)) {
    throw new LocalCloudError(
      'OptionInvalid',
      `speed must be a number from ${MIN_SPEED} to ${MAX_SPEED}, got: ${speed}`,
    );
  }
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    throw new LocalCloudError('OptionInvalid', `port must be a whole number from 1 to 65535, got: ${port}`);
  }
  if (account !== undefined && !/^\d{12}$/.test(account)) {
    throw new LocalCloudError('OptionInvalid', `account must have 12 digits, got: ${account}`);
  }
  const { dynamodb } = engines ?? {};
  if (dynamodb !== undefined && !/^http:\/\/(127\.0\.0\.1|localhost):\d+\/?$/.test(dynamodb)) {
    throw new LocalCloudError(
      'OptionInvalid',
      `engines.dynamodb must look like http://127.0.0.1:8000, on this machine, got: ${dynamodb}`,
    );
  }
}
