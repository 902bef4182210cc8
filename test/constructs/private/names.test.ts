import { Schedule } from 'aws-cdk-lib/aws-applicationautoscaling';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import {
  BatchFileLoader,
  DatabaseLogin,
  FileIngestBucket,
  IngestTarget,
  LoadMapping,
  TaskLifecycleAlerts,
  TypedDispatcher,
} from 'cdk-fileworks';
import { createTestApp, createWorker, type TestApp } from '../../support/cdk-stacks';

const taken = 'needs a name that is not empty and that no other part of the construct has, got: ';

const addRoute = ({ stack }: TestApp, ...ids: string[]) => {
  const inbox = new FileIngestBucket(stack, 'Inbox');
  for (const id of ids) {
    inbox.addRoute(id, { prefixes: [`${id}/`], target: IngestTarget.queue() });
  }
};

const addLoadRoute = ({ stack, vpc }: TestApp, id: string) => {
  const route = { source: new FileIngestBucket(stack, 'Inbox'), mapping: mappingOf('rows') };
  new BatchFileLoader(stack, 'Loader', {
    vpc,
    database: DatabaseLogin.secret(Secret.fromSecretNameV2(stack, 'Secret', 'files')),
    routes: { [id]: route },
  });
};

const mappingOf = (table: string) => LoadMapping.json({ table, columns: [{ name: 'id' }] });

const addBucket = ({ stack }: TestApp, ...ids: string[]) => {
  const dispatcher = new TypedDispatcher(stack, 'Dispatcher');
  for (const id of ids) {
    dispatcher.addBucket(id, new FileIngestBucket(stack, `Inbox${id}${stack.node.children.length}`));
  }
};

const addSchedules = (test: TestApp, ...ids: string[]) => {
  const worker = createWorker(test);
  for (const id of ids) {
    worker.scaleOnSchedule(id, { schedule: Schedule.cron({ hour: '6' }), minTasks: 1 });
  }
};

describe('names that the user gives to parts of a construct', () => {
  test.each<[string, string, (test: TestApp) => void]>([
    [
      'a route without a name',
      `a route ${taken}' '`,
      (test) => {
        addRoute(test, ' ');
      },
    ],
    [
      'a route with the name of a part',
      `a route ${taken}'Bucket'`,
      (test) => {
        addRoute(test, 'Bucket');
      },
    ],
    [
      'two routes with the same name',
      `a route ${taken}'In'`,
      (test) => {
        addRoute(test, 'In', 'In');
      },
    ],
    ...['', 'Queue', 'Function', 'Source', 'ErrorAlarm'].map((id): [string, string, (test: TestApp) => void] => [
      `a route of a loader with the name '${id}'`,
      `a route in routes ${taken}'${id}'`,
      (test) => {
        addLoadRoute(test, id);
      },
    ]),
    [
      'a source with the name of a function',
      `a source ${taken}'Ingress'`,
      (test) => {
        addBucket(test, 'Ingress');
      },
    ],
    [
      'two sources with the same name',
      `a source ${taken}'In'`,
      (test) => {
        addBucket(test, 'In', 'In');
      },
    ],
    [
      'two schedules with the same name',
      "a schedule needs a name that is not empty and that no other schedule of the worker has, got: 'Day'",
      (test) => {
        addSchedules(test, 'Day', 'Day');
      },
    ],
    [
      'a schedule without a name',
      "no other schedule of the worker has, got: ''",
      (test) => {
        addSchedules(test, '');
      },
    ],
    [
      'an address twice',
      'emailAddresses must be unique, got: a@example.com, a@example.com',
      ({ stack }) => {
        new TaskLifecycleAlerts(stack, 'Alerts', { emailAddresses: ['a@example.com', 'a@example.com'] });
      },
    ],
    [
      'an additional queue with the name of a role',
      "a queue in additionalQueues needs a name that is not empty and not that of a part of the worker, got: 'TaskRole'",
      (test) => {
        const assumedBy = new iam.ServicePrincipal('ecs-tasks.amazonaws.com');
        createWorker(test, {
          taskRole: new iam.Role(test.shared, 'Role', { assumedBy }),
          additionalQueues: { TaskRole: {} },
        });
      },
    ],
  ])('throws for %s', (_, message, build) => {
    expect(() => {
      build(createTestApp());
    }).toThrow(message);
  });

  test('can be those of parts that the construct lacks', () => {
    const test = createTestApp();
    addLoadRoute(test, 'SaturationAlarm');
    addBucket(test, 'Stream', 'Wakes');
    addSchedules(test, 'Day', 'Night');
  });
});
