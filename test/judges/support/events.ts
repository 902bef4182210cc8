// Events as AWS services send them, for the patterns of every construct: some that a pattern must match, and their
// neighbours, which it must not.

/** A pattern with its references resolved; it names the resources of a stack. */
export interface Pattern {
  readonly resources?: readonly (string | { readonly prefix: string })[];
  readonly detail?: {
    readonly bucket?: { readonly name: readonly string[] };
    readonly clusterArn?: readonly string[];
    readonly startedBy?: readonly { readonly prefix: string }[];
    readonly service?: readonly string[];
  };
}

export interface Examples {
  readonly match: readonly object[];
  readonly others: readonly object[];
}

type Detail = Readonly<Record<string, unknown>>;

const event = (source: string, detailType: string, detail: Detail, resources: readonly string[] = []) => ({
  version: '0',
  id: '17793124-05d4-b198-2fde-7ededc63b103',
  'detail-type': detailType,
  source,
  account: '111122223333',
  time: '2026-11-12T00:00:00Z',
  region: 'eu-west-1',
  resources,
  detail,
});

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html */
const object = (bucket: string, key: string, size = 5, detailType = 'Object Created') =>
  event(
    'aws.s3',
    detailType,
    {
      version: '0',
      bucket: { name: bucket },
      object: { key, etag: 'b1946ac92492d2347c6235b4d2611184', 'version-id': 'IYV3p45BT0ac8hjHg1houSdS1a.Mro8e', size },
      'request-id': 'N4N7GDK58NMKJ12R',
      requester: '123456789012',
      reason: 'PutObject',
    },
    [`arn:aws:s3:::${bucket}`],
  );

/** @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html */
const task = (detail: Detail) =>
  event('aws.ecs', 'ECS Task State Change', {
    clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/other',
    containers: [{ containerArn: 'arn', exitCode: 0, lastStatus: 'STOPPED', name: 'main', taskArn: 'arn' }],
    desiredStatus: 'STOPPED',
    lastStatus: 'STOPPED',
    launchType: 'FARGATE',
    version: 3,
    ...detail,
  });

/** @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html */
const service = (detailType: string, eventName: string, arn: string, detail: Detail = {}) =>
  event('aws.ecs', detailType, { eventType: 'ERROR', eventName, clusterArn: 'arn', ...detail }, [arn]);

const bucketOf = ({ detail }: Pattern) => detail?.bucket?.name[0] ?? '';
const objects = (pattern: Pattern, keys: readonly string[], otherKeys: readonly string[]): Examples => {
  const bucket = bucketOf(pattern);
  return {
    match: keys.map((key) => object(bucket, key)),
    others: [
      ...otherKeys.map((key) => object(bucket, key)),
      object(bucket, keys[0], 0),
      object('another-bucket', keys[0]),
      object(bucket, keys[0], 5, 'Object Tags Added'),
    ],
  };
};

const stopped = (pattern: Pattern): Examples => {
  const [clusterArn = 'arn:aws:ecs:eu-west-1:111122223333:cluster/any'] = pattern.detail?.clusterArn ?? [];
  const container = (exitCode?: number) => ({
    name: 'main',
    lastStatus: 'STOPPED',
    ...(exitCode !== undefined && { exitCode }),
  });
  const ended = (stopCode: string, detail: Detail = {}) => task({ clusterArn, stopCode, ...detail });
  return {
    match: [
      ...['TaskFailedToStart', 'SpotInterruption', 'TerminationNotice', 'InfrastructureHealth'].map((code) =>
        ended(code),
      ),
      ended('EssentialContainerExited', { containers: [container(1)] }),
      ended('EssentialContainerExited', { containers: [container(0), container(137)] }),
      ended('ServiceSchedulerInitiated', { stoppedReason: 'Task failed container health checks' }),
      ended('ServiceSchedulerInitiated', { stoppedReason: 'Task failed ELB health checks in (target-group arn)' }),
    ],
    others: [
      ended('EssentialContainerExited', { containers: [container(0)] }),
      ended('EssentialContainerExited', { containers: [container(143), container(0)] }),
      ended('ServiceSchedulerInitiated', { stoppedReason: 'Scaling activity initiated by (deployment ecs-svc/1)' }),
      task({ clusterArn, lastStatus: 'RUNNING', stopCode: 'TaskFailedToStart' }),
    ],
  };
};

const serviceArn = ({
  resources: [first] = [{ prefix: 'arn:aws:ecs:eu-west-1:111122223333:service/cluster/' }],
}: Pattern) => (typeof first === 'string' ? first : `${first.prefix}orders`);

/** The first entry whose name fits `<stack>/<logical id>`. */
export const examples: readonly (readonly [RegExp, (pattern: Pattern) => Examples])[] = [
  [/Alerts\/AlertsStoppedRule/, stopped],
  [
    /Alerts\/AlertsStartedRule/,
    ({ detail }) => {
      const started = { clusterArn: detail?.clusterArn?.[0], lastStatus: 'RUNNING', desiredStatus: 'RUNNING' };
      return {
        match: [task(started)],
        others: [task({ ...started, desiredStatus: 'STOPPED' }), task({ ...started, clusterArn: 'arn' })],
      };
    },
  ],
  [
    /Alerts\/AlertsServiceRule/,
    (pattern) => ({
      match: ['SERVICE_TASK_PLACEMENT_FAILURE', 'SERVICE_TASK_START_IMPAIRED'].map((name) =>
        service('ECS Service Action', name, serviceArn(pattern)),
      ),
      others: [
        service('ECS Service Action', 'SERVICE_STEADY_STATE', serviceArn(pattern)),
        service('ECS Deployment State Change', 'SERVICE_TASK_START_IMPAIRED', serviceArn(pattern)),
      ],
    }),
  ],
  [
    /Alerts\/AlertsDeploymentRule/,
    (pattern) => ({
      match: [service('ECS Deployment State Change', 'SERVICE_DEPLOYMENT_FAILED', serviceArn(pattern))],
      others: [service('ECS Deployment State Change', 'SERVICE_DEPLOYMENT_COMPLETED', serviceArn(pattern))],
    }),
  ],
  [
    /Worker\/WorkerSpotFallbackRule/,
    (pattern) => {
      const provider = (name: string) => [`arn:aws:ecs:eu-west-1:111122223333:capacity-provider/${name}`];
      const placement = (reason: string, name: string, arn = serviceArn(pattern)) =>
        service('ECS Service Action', 'SERVICE_TASK_PLACEMENT_FAILURE', arn, {
          reason,
          capacityProviderArns: provider(name),
        });
      return {
        match: [placement('RESOURCE:FARGATE', 'FARGATE_SPOT')],
        others: [
          placement('RESOURCE:FARGATE', 'FARGATE'),
          placement('RESOURCE:ENI', 'FARGATE_SPOT'),
          placement('RESOURCE:FARGATE', 'FARGATE_SPOT', 'arn:aws:ecs:eu-west-1:111122223333:service/cluster/other'),
        ],
      };
    },
  ],
  [
    /Dispatcher\/DispatcherTaskStopped/,
    ({ detail }) => {
      const own = detail?.startedBy?.[0].prefix ?? '';
      return {
        match: [task({ startedBy: `${own}0123456789abcdef` })],
        others: [
          task({ startedBy: 'ecs-svc/0123456789' }),
          task({}),
          task({ startedBy: `${own}0123456789abcdef`, lastStatus: 'RUNNING' }),
        ],
      };
    },
  ],
  [
    /Dispatcher\/InboxFilesDeletions/,
    (pattern) => {
      const deleted = (key: string, type = 'Object Deleted') => object(bucketOf(pattern), key, 0, type);
      return { match: [deleted('in/a/1')], others: [deleted('out/a/1'), deleted('in/a/1', 'Object Created')] };
    },
  ],
  [
    /Dispatcher\/DispatcherWatcherStream/,
    () => {
      const change = (sk: string, status: string, eventName = 'MODIFY') => ({
        eventName,
        eventSource: 'aws:dynamodb',
        dynamodb: { Keys: { pk: { S: 'p' }, sk: { S: sk } }, NewImage: { sk: { S: sk }, status: { S: status } } },
      });
      return {
        match: ['completed', 'parked', 'skipped', 'blocked'].map((status) => change('F', status)),
        others: [change('F', 'queued'), change('T', 'completed'), change('F', 'completed', 'INSERT')],
      };
    },
  ],
  [/Dispatcher\/InboxFilesRule/, (pattern) => objects(pattern, ['in/a/1', 'in/'], ['other/in/a', 'In/a'])],
  [
    /EverythingBatches\/BatchesMarkerRule/,
    (pattern) => ({
      match: ['a/incoming/_READY', 'b/2026/incoming/_READY'].map((key) => object(bucketOf(pattern), key, 0)),
      others: [
        ...['a/incoming/_READY.tmp', 'c/incoming/_READY', 'a/incoming/x_READY'].map((key) =>
          object(bucketOf(pattern), key),
        ),
        object('another-bucket', 'a/incoming/_READY'),
      ],
    }),
  ],
  [
    /Inbox\/InboxArchivesRule/,
    (pattern) => objects(pattern, ['in/a.zip', 'in/deep/b.ZiP', 'more/c.ZIP'], ['in/a.zip.part', 'a.zip', 'in/a.zipx']),
  ],
  [/Inbox\/InboxKept/, (pattern) => objects(pattern, ['kept/a', 'kept/b/ü 1.txt'], ['kept', 'in/kept/a'])],
  [/Inbox\/InboxVideosRule/, (pattern) => objects(pattern, ['a.mov', 'in/B.MOV'], ['a.mp4', 'a.mov.txt'])],
  [/Loader\/LoaderOrdersRule/, (pattern) => objects(pattern, ['orders/1.json'], [])],
  [/InboxAllRule/, (pattern) => objects(pattern, ['a', 'b/c.txt'], [])],
  [
    /Exports\/ExportsPostProcessingRule/,
    ({ detail }) => {
      const done = (name?: string, type = 'Export Job Completed') =>
        event('fileworks.exports', type, { service: name, jobId: 'j' });
      const name = detail?.service?.[0];
      return { match: [done(name)], others: [done('Other/Exports'), done(name, 'Export Job Failed')] };
    },
  ],
  [
    /Delivery\/DeliveryMigrationRule/,
    () => ({ match: [event('acme.release', 'Released', {})], others: [event('acme.other', 'Released', {})] }),
  ],
];
