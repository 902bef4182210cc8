import type { ClientConfig, LocalCloud, TaskRecord } from 'fileworks-local';

/**
 * The cloud that has a reference deployment, for tests that run on both: the local cloud, and an account by AWS's own
 * APIs.
 */
export interface Cloud {
  /** The local cloud, for tests of what an account does not offer; absent in an account. */
  readonly local?: LocalCloud;
  /** For the constructor of any client. */
  clientConfig(): Partial<ClientConfig>;
  outputs(stack: string): Readonly<Record<string, string>>;
  /** Physical ids by logical id. */
  resources(stack: string): Readonly<Partial<Record<string, string>>>;
  /** Every task since the deployment, in its latest state. */
  tasks(): Promise<readonly Task[]>;
  /** What the containers of a task have written. */
  log(task: Task): Promise<string>;
  alarms(): Promise<readonly Alarm[]>;
  /** Ends what the test has started; the stacks of an account remain. */
  stop(): Promise<void>;
}

export interface Task extends Pick<
  TaskRecord,
  'taskArn' | 'taskDefinitionArn' | 'lastStatus' | 'desiredStatus' | 'startedBy' | 'stopCode' | 'capacityProviderName'
> {
  readonly containers: readonly { readonly name?: string; readonly exitCode?: number }[];
  readonly stoppedAt?: string | Date;
  readonly overrides?: unknown;
}

export interface Alarm {
  readonly logicalId: string;
  readonly state: string;
}

interface Overrides {
  readonly containerOverrides?: readonly {
    readonly environment?: readonly { readonly name: string; readonly value: string }[];
  }[];
}
/** A variable that a task was started with. */
export function variableOf({ overrides }: Task, variable: string): string | undefined {
  const [{ environment = [] } = {}] = (overrides as Overrides | undefined)?.containerOverrides ?? [];
  return environment.find(({ name }) => name === variable)?.value;
}

/** What `npm run integ` says of the account whose stacks it has deployed. */
export interface AccountRun {
  readonly id: string;
  readonly region: string;
  readonly stacks: readonly string[];
  /** Whether the stacks are at an endpoint: a local cloud, which runs no databases of RDS. */
  readonly emulated: boolean;
  /** How many times longer than on the local cloud a test waits. */
  readonly patience: number;
  /** Where tasks reach the API of export-service, and the port of this machine on which its test serves it. */
  readonly api?: { readonly url: string; readonly port: number };
}

/** Absent when tests start the local cloud by themselves. */
export const accountRun = JSON.parse(process.env.FILEWORKS_INTEG ?? 'null') as AccountRun | null;

/** Waits are longer in an account. */
export const patience = accountRun?.patience ?? 1;

/** The name of what a test creates by itself; `npm run integ` removes it by its beginning. */
export const nameOf = (name: string): string =>
  accountRun === null ? name : `fileworks-integ-${accountRun.id}-${name}`;

/** Jest's own, with a limit that is longer in an account. */
export const test = (name: string, fn: () => unknown, limitMs: number): void =>
  globalThis.test(name, fn as jest.ProvidesCallback, limitMs * patience);

/** A test of what only the local cloud offers: in an account it is skipped, and says why. */
export const testLocally =
  (because: string): typeof test =>
  (name, fn, limitMs) => {
    if (accountRun === null) {
      test(name, fn, limitMs);
    } else {
      process.stdout.write(`skipped in an account: ${name}: ${because}\n`);
      globalThis.test.skip(name, fn as jest.ProvidesCallback);
    }
  };
