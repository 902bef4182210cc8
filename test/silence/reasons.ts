import { nameOf, type Part } from './parts';

interface Reason {
  readonly type: string;
  /** Of the stack and the logical id: `Quickstart/IngestBucket`. */
  readonly part: RegExp;
  readonly because: string;
  /** An alarm sees the part at the end of the time, or just later. */
  readonly late?: true;
}

const BY_WINDOW = '`expectFiles()` of the bucket has the alarm: here after 26 hours, since files arrive once a night';
const BY_HAND =
  'CloudWatch cannot distinguish a source that is switched off from one without files, and these arrive when you send them; where files must arrive, `expectFiles()` of the route or bucket has the alarm';
const BY_DISPATCHER =
  'CloudWatch cannot distinguish a source that is switched off from one without files; where files must arrive, add them by a route with `IngestTarget.dispatcher()`, whose `expectFiles()` has the alarm; `npx fileworks reconcile` finds what was missed';

/** Parts that no alarm sees although files wait or are lost, and the remedy. */
export const SILENT: readonly Reason[] = [
  {
    type: 'AWS::Logs::LogGroup',
    part: /^TypedIngest\/Log$/,
    because:
      'no task starts, and each failed start is an attempt; after the last, a file of a sequence is blocked (`blockedAlarm`), and others are parked',
  },
  {
    type: 'AWS::ApplicationAutoScaling::ScalableTarget',
    part: /^ExportService\/ExportsWorkerServiceTaskCountTarget/,
    because:
      'the alarm of tasks that do not start needs a quarter of an hour of waiting downloads (`alarmNotStartingFor`), so it may be later than this test waits',
    late: true,
  },
  {
    type: 'AWS::Events::Rule',
    part: /^ExportService\/ExportsPostProcessingRule/,
    because:
      'jobs are completed, and only their events are lost; no alarm compares both, and `npx fileworks status` names a disabled rule',
  },
  { type: 'AWS::S3::Bucket', part: /^CsvBatch\/InboxBucket/, because: BY_WINDOW },
  { type: 'AWS::Events::Rule', part: /^CsvBatch\/OrdersMarkerRule/, because: BY_WINDOW },
  { type: 'AWS::S3::Bucket', part: /^Quickstart\/IngestBucket/, because: BY_HAND },
  { type: 'AWS::Events::Rule', part: /^Quickstart\/IngestArchivesRule/, because: BY_HAND },
  { type: 'AWS::S3::Bucket', part: /^TypedIngest\/InboxBucket/, because: BY_DISPATCHER },
  { type: 'AWS::Events::Rule', part: /^TypedIngest\/DispatcherInboxSource/, because: BY_DISPATCHER },
];

/** Parts whose files are all processed, and what is lost beside files. */
export const BESIDE_FILES: readonly Reason[] = [
  {
    type: 'AWS::Events::Rule',
    part: /\/Alerts(Stopped|Service|Deployment)Rule/,
    because: 'alerts of failed tasks are lost; without failures there are none, so no metric shows it',
  },
  {
    type: 'AWS::Lambda::Function',
    part: /\/DispatcherOperator/,
    because: 'only operators invoke it, and their calls are refused',
  },
  { type: 'AWS::Logs::LogGroup', part: /./, because: 'log lines, and the metrics in them' },
  {
    type: 'AWS::Scheduler::Schedule',
    part: /./,
    because:
      'runs that are due later: a missed run is seen when it is overdue (`missedAlarm`; of a job, with supervision)',
  },
  {
    type: 'AWS::SQS::QueuePolicy',
    part: /DeadLetter/,
    because: 'takes effect only after another failure',
  },
];

const find = (reasons: readonly Reason[], part: Part) =>
  reasons.find(({ type, part: pattern }) => type === part.type && pattern.test(`${part.stack}/${nameOf(part)}`));

export const reasonOf = (reasons: readonly Reason[], part: Part): string | undefined => find(reasons, part)?.because;

/** Whether a part has a reason although an alarm may see it. */
export const isLate = (part: Part): boolean => find(SILENT, part)?.late === true;
