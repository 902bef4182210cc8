import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeArtifacts } from './support/artifacts';

const root = resolve(__dirname, '..');

interface Assembly {
  readonly types: Record<string, AssemblyType>;
}
interface AssemblyType {
  readonly name: string;
  readonly kind: string;
  readonly abstract?: boolean;
  readonly base?: string;
  readonly initializer?: { readonly parameters?: Member[] };
  readonly properties?: Member[];
  readonly methods?: Member[];
  readonly docs?: Docs;
}
interface Docs {
  readonly summary?: string;
  readonly remarks?: string;
  readonly default?: string;
  readonly see?: string;
}
interface Member {
  readonly name: string;
  readonly const?: boolean;
  readonly static?: boolean;
  readonly optional?: boolean;
  readonly docs?: Docs;
  readonly type?: { readonly primitive?: string; readonly fqn?: string };
  readonly returns?: { readonly type: unknown };
  readonly parameters?: Member[];
}

makeArtifacts('constructs');
const assembly = JSON.parse(readFileSync(join(root, '.jsii'), 'utf8')) as Assembly;
const types = Object.values(assembly.types);
const members = types.flatMap((type) =>
  [...(type.properties ?? []), ...(type.methods ?? [])].map((member) => ({
    where: `${type.name}.${member.name}`,
    ...member,
  })),
);
const props = types
  .filter(({ kind, name }) => kind === 'interface' && /(Props|Options)$/.test(name))
  .flatMap((type) => (type.properties ?? []).map((prop) => ({ where: `${type.name}.${prop.name}`, ...prop })));
const optional = props.filter((prop) => prop.optional);
const quantities = optional.filter(
  ({ type }) => type?.primitive === 'number' || /\.(Duration|Size)$/.test(type?.fqn ?? ''),
);
const text = ({ docs }: Member) => [docs?.summary, docs?.remarks].join(' ').replace(/\s+/g, ' ');
const where = (found: readonly { readonly where: string }[]) => found.map((one) => one.where);

/** Both ends of a range are named, in the words of the docs. */
const bounded = /\b[Ff]rom .+? to (\d|the \w+'s `)|\bat most \d|\bup to \d|\d to \d+\b|, \d+ or \d+/;
/** One end, the set, or another prop that is an end. */
const ranged = new RegExp(
  `${bounded.source}|\\d+ (\\w+ )?or more|\\bmore than \\d|\\bat (least|most) \`|\\bnot less than \`|\\bfrom .+ on\\b|\\bwhole days\\b|which values there are`,
);

/**
 * Bounds that Fileworks sets itself, or that every reader knows; all other bounds are those of a service, and `@see`
 * leads to the page that states them.
 */
const ownBounds = [
  'AdditionalQueueOptions.weight',
  'QueueScaledFargateWorkerOptions.queueWeight',
  'ExportOrchestratorProps.apiRequestsPerSecond',
  'ExportOrchestratorProps.downloaderCpuTargetPercent',
  'DispatchTypeOptions.hangTimeout',
  'DispatchTypeOptions.maxAttempts',
  'DispatchTypeOptions.maxConcurrentTasks',
  'DispatchTypeOptions.maxInterruption',
  'DispatchTypeOptions.maxRetryDelay',
  'DispatchTypeOptions.maxRuntime',
  'DispatchTypeOptions.retryDelay',
  'DispatchTypeOptions.settle',
  'ChunkedBatchWorkflowProps.abortFailurePercentage',
  'ChunkedBatchWorkflowProps.toleratedFailurePercentage',
  'ChunkedBatchWorkflowProps.batchTimeout',
  'ChunkedBatchWorkflowProps.maxBatchDescription',
  'ChunkedBatchWorkflowProps.maxConcurrentPrefixes',
  'ChunkedBatchWorkflowProps.maxFilesPerBatch',
  'ChunkedBatchWorkflowProps.retries',
  'DynamoDbStateOptions.retention',
  'PostgresStateOptions.retention',
  'TypedDispatcherProps.maxConcurrentTasks',
  'TypedDispatcherProps.maxQueuedAge',
  'ExactScalingOptions.idleMinutes',
  'ScheduledTaskCountOptions.maxTasks',
  'ScheduledTaskCountOptions.minTasks',
  'ObjectFargateTaskProps.retries',
  'SupervisionOptions.maxDuration',
  'SupervisionOptions.retries',
  'TaskLifecycleAlertsProps.period',
  'IamLoginOptions.port',
  'LivezOptions.port',
  'SecretLoginOptions.port',
];

describe('the documentation of the API', () => {
  test('says what every type and member is for', () => {
    expect(types.filter(({ docs }) => !docs?.summary).map(({ name }) => name)).toEqual([]);
    expect(where(members.filter(({ docs }) => !docs?.summary))).toEqual([]);
  });

  test('states the default of every optional prop, in words or as a literal', () => {
    expect(optional.length).toBeGreaterThan(150);
    expect(where(optional.filter(({ docs }) => !docs?.default))).toEqual([]);
    expect(
      where(
        optional.filter(({ docs }) =>
          /^(-?\s*)?(undefined|the default|default|none given|see above)\.?$/i.test(docs?.default ?? ''),
        ),
      ),
    ).toEqual([]);
  });

  test('states the range of every quantity', () => {
    expect(quantities.length).toBeGreaterThan(50);
    expect(where(quantities.filter((prop) => !ranged.test(text(prop))))).toEqual([]);
  });

  test('states the unit of every number that is no count, where the name does not', () => {
    const units: Record<string, RegExp> = {
      memoryLimitMiB: /\bMiB\b/,
      memorySize: /\bMiB\b/,
      cpu: /\bCPU units\b/,
      ephemeralStorageGiB: /\bGiB\b/,
      targetPercent: /\bpercent\b/,
      idleMinutes: /\bminutes\b/i,
    };
    const named = props.filter(({ name }) => name in units);
    expect(named.length).toBeGreaterThanOrEqual(Object.keys(units).length);
    expect(where(named.filter((prop) => !units[prop.name].test(text(prop))))).toEqual([]);
    // Anything with a time in its name has a type that carries its unit
    expect(
      where(props.filter(({ name, type }) => /(Seconds|Millis|Ms|Bytes)$/.test(name) && type?.primitive === 'number')),
    ).toEqual([]);
  });

  test('leads from a limit of a service to the page that states it', () => {
    const limits = quantities.filter((prop) => bounded.test(text(prop)));
    const unlinked = limits.filter(({ docs }) => !docs?.see?.startsWith('https://'));
    expect(limits.length).toBeGreaterThan(unlinked.length);
    expect(where(unlinked).filter((prop) => !ownBounds.includes(prop))).toEqual([]);
  });
});

describe('the shape of the API', () => {
  test('has no union and no any: other languages lose them', () => {
    const loose = members.filter((member) =>
      /"union"|"primitive":"(any|json)"/.test(JSON.stringify([member.type, member.returns, member.parameters])),
    );
    expect(where(loose)).toEqual([]);
  });

  test('has no function in a place for data: jsii lets one through only as an interface with a method', () => {
    const structs = types.filter(({ kind, name }) => kind === 'interface' && !name.startsWith('I'));
    expect(structs.filter(({ methods }) => (methods ?? []).length > 0).map(({ name }) => name)).toEqual([]);
  });

  test('lets property injectors reach every construct', () => {
    const constructs = types.filter(
      ({ kind, abstract, base }) => kind === 'class' && !abstract && base === 'constructs.Construct',
    );
    expect(constructs.length).toBeGreaterThan(8);
    const without = constructs.filter(
      ({ properties }) =>
        !properties?.some((property) => property.name === 'PROPERTY_INJECTION_ID' && property.const && property.static),
    );
    expect(without.map(({ name }) => name)).toEqual([]);
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const exported = require('cdk-fileworks') as Record<string, { PROPERTY_INJECTION_ID: string }>;
    expect(constructs.map(({ name }) => exported[name].PROPERTY_INJECTION_ID)).toEqual(
      constructs.map(({ name }) => `cdk-fileworks.${name}`),
    );
  });
});

describe('the API and its baseline', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fileworks-api-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const compare = (assembly: string) =>
    spawnSync(process.execPath, [join(root, 'build-tools', 'compat.ts'), assembly], { encoding: 'utf8' });

  test('breaks nothing that the baseline has; where a break is meant: `npm run compat -- --renew`, and a line in the changelog', () => {
    const { status, stderr } = compare(join(root, '.jsii'));
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('incompatible')]);
  });

  test('a lost prop would be seen', () => {
    const changed = JSON.parse(readFileSync(join(root, '.jsii'), 'utf8')) as {
      types: Record<string, { properties: Member[] }>;
    };
    const inbox = changed.types['cdk-fileworks.FileIngestBucketProps'];
    inbox.properties = inbox.properties.filter(({ name }) => name !== 'versioned');
    const file = join(folder, 'changed.json');
    writeFileSync(file, JSON.stringify(changed));
    const { status, stderr } = compare(file);
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining('PROP cdk-fileworks.FileIngestBucketProps.versioned: has been removed'),
    ]);
  });
});
