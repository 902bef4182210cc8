// The matrix: which construct meets which failure of which dependency.

/** How a dependency fails. */
export type Form =
  | 'denied'
  | 'throttled'
  | '503'
  | 'away'
  | 'hang'
  | 'disabled key'
  | 'locked'
  | 'out of connections'
  | 'read-only'
  | '401'
  | '403'
  | '429 with a time'
  | '429 with a date'
  | '429 without sense'
  | 'login page';

export type Dependency =
  'S3 results' | 'S3 source' | 'DynamoDB' | 'Secrets Manager' | 'SQS' | 'PostgreSQL' | 'HTTP API';

export type ConstructName = 'queue worker' | 'object task';

export interface Cell {
  /** Of the worker in the template, of prefixes and tables. */
  readonly id: string;
  readonly construct: ConstructName;
  readonly dependency: Dependency;
  readonly form: Form;
  /** Most tasks at the same time. Default: 1. */
  readonly maxTasks?: number;
  /** The logical id of the alarm begins with that of the construct and this. */
  readonly alarm: string;
}

const UNAVAILABLE = 'DependencyUnavailableAlarm';

const FORMS: Readonly<Record<Dependency, readonly Form[]>> = {
  'S3 results': ['denied', 'throttled', '503', 'away', 'hang', 'disabled key'],
  'S3 source': ['denied', 'throttled', '503', 'away', 'hang', 'disabled key'],
  DynamoDB: ['denied', 'throttled', '503', 'away', 'hang'],
  'Secrets Manager': ['denied', 'throttled', 'away', 'disabled key'],
  SQS: ['denied', '503', 'hang'],
  PostgreSQL: ['away', 'hang', 'locked', 'out of connections', 'read-only'],
  'HTTP API': [
    '401',
    '403',
    '429 with a time',
    '429 with a date',
    '429 without sense',
    '503',
    'hang',
    'away',
    'login page',
  ],
};

/** Jobs before, at the beginning, in the middle and at the end of an outage. */
export const JOBS = { before: 2, beginning: 5, middle: 2, end: 1 } as const;
const JOBS_OF_OUTAGE = JOBS.beginning + JOBS.middle;

/** Without messages, a worker cannot know that jobs wait: the queue's own alarm shows it. */
const alarmOf = (dependency: Dependency): string => (dependency === 'SQS' ? 'NotStartingAlarm' : UNAVAILABLE);

const OBJECT_TASKS: readonly (readonly [Dependency, Form])[] = [
  ['S3 results', 'denied'],
  ['S3 results', 'hang'],
  ['S3 source', 'away'],
  ['DynamoDB', 'throttled'],
  ['PostgreSQL', 'locked'],
  ['HTTP API', '503'],
];

const cellOf = (construct: ConstructName, dependency: Dependency, form: Form): Cell => ({
  id: `${construct} ${dependency} ${form}`
    .replace(/^queue /, '')
    .replace(/(?:^|[^A-Za-z0-9]+)(.)/g, (_, next: string) => next.toUpperCase()),
  construct,
  dependency,
  form,
  alarm: alarmOf(dependency),
  ...(construct === 'queue worker' && dependency === 'S3 results' && form === 'denied' && { maxTasks: 2 }),
  // Each object has a task of its own
  ...(construct === 'object task' && { maxTasks: JOBS_OF_OUTAGE }),
});

export const CELLS: readonly Cell[] = [
  ...Object.entries(FORMS).flatMap(([dependency, forms]) =>
    forms.map((form) => cellOf('queue worker', dependency as Dependency, form)),
  ),
  ...OBJECT_TASKS.map(([dependency, form]) => cellOf('object task', dependency, form)),
];

/** For people, and for `--cells`. */
export const nameOf = ({ construct, dependency, form }: Cell): string => `${construct} / ${dependency} / ${form}`;

/** The durations of the matrix, and a speed of the clock at which each is played. */
export const DURATIONS = {
  '30s': { seconds: 30, speed: 10 },
  '10min': { seconds: 600, speed: 20 },
  '1h': { seconds: 3_600, speed: 30 },
  '6h': { seconds: 6 * 3_600, speed: 60 },
  '13h': { seconds: 13 * 3_600, speed: 60 },
} as const;

export type DurationName = keyof typeof DURATIONS;
