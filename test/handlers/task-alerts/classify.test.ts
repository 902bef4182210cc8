import { AlertKind } from '../../../src/contract/task-alerts';
import { classify } from '../../../src/handlers/task-alerts/classify';
import type { TaskDetail } from '../../../src/handlers/task-alerts/events';
import { serviceEvent, taskStopped } from './events';

const everything = { kinds: new Set<string>(Object.values(AlertKind)), expectedExitCodes: new Set([0, 143]) };

describe('a stopped task', () => {
  it.each<[string, Partial<TaskDetail>, string, string, string]>([
    ['that exited with a failure', {}, 'NonZeroExit', 'ERROR', 'A task of Unpacker exited with code 1'],
    [
      'whose second container failed',
      {
        containers: [
          { name: 'Worker', exitCode: 0 },
          { name: 'Agent', exitCode: 2 },
        ],
      },
      'NonZeroExit',
      'ERROR',
      'A task of Unpacker exited with code 2',
    ],
    [
      'for which a dependency was unavailable',
      { containers: [{ name: 'Worker', exitCode: 69 }] },
      'NonZeroExit',
      'WARNING',
      'A task of Unpacker exited with code 69: a dependency is unavailable',
    ],
    [
      'for which a dependency was unavailable, and that failed too',
      {
        containers: [
          { name: 'Worker', exitCode: 69 },
          { name: 'Agent', exitCode: 2 },
        ],
      },
      'NonZeroExit',
      'ERROR',
      'A task of Unpacker exited with code 2',
    ],
    [
      'that ran out of memory',
      {
        containers: [
          { name: 'Worker', exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' },
        ],
      },
      'OutOfMemory',
      'ERROR',
      'A task of Unpacker ran out of memory',
    ],
    [
      'that did not start',
      {
        stopCode: 'TaskFailedToStart',
        containers: [{ name: 'Worker', reason: 'CannotPullContainerError: not found' }],
      },
      'FailedToStart',
      'ERROR',
      'A task of Unpacker failed to start',
    ],
    [
      'that failed its health check',
      { stopCode: 'ServiceSchedulerInitiated', stoppedReason: 'Task failed container health checks' },
      'Unhealthy',
      'ERROR',
      'A task of Unpacker failed its health checks',
    ],
    [
      'that Spot took away',
      {
        stopCode: 'SpotInterruption',
        stoppedReason: 'Your Spot Task was interrupted.',
        containers: [{ name: 'Worker', exitCode: 143 }],
      },
      'SpotInterruption',
      'WARNING',
      'A task of Unpacker was reclaimed by Fargate Spot',
    ],
    [
      'that Spot took away with a notice',
      { stopCode: 'TerminationNotice' },
      'SpotInterruption',
      'WARNING',
      'A task of Unpacker was reclaimed by Fargate Spot',
    ],
    [
      'whose host failed',
      { stopCode: 'InfrastructureHealth' },
      'Infrastructure',
      'ERROR',
      'A task of Unpacker was stopped because its host failed',
    ],
    [
      'that a user stopped',
      { stopCode: 'UserInitiated' },
      'StoppedByUser',
      'INFO',
      'A task of Unpacker was stopped by a user',
    ],
    ['of no service', { group: 'family:nightly' }, 'NonZeroExit', 'ERROR', 'A task of nightly exited with code 1'],
    ['without a group', { group: undefined }, 'NonZeroExit', 'ERROR', 'A task of unpacker:7 exited with code 1'],
  ])('%s', (_, detail, kind, severity, title) => {
    expect(classify(taskStopped(detail), everything)).toMatchObject({ kind, severity, title, cluster: 'files' });
  });

  it.each<[string, Partial<TaskDetail>]>([
    [
      'scale-in',
      {
        stopCode: 'ServiceSchedulerInitiated',
        stoppedReason: 'Scaling activity initiated by (deployment ecs-svc/1)',
        containers: [{ name: 'Worker', exitCode: 143 }],
      },
    ],
    [
      'scale-in of a task that did not stop in time',
      {
        stopCode: 'ServiceSchedulerInitiated',
        stoppedReason: 'Scaling activity initiated by (deployment ecs-svc/1)',
        containers: [{ name: 'Worker', exitCode: 137 }],
      },
    ],
    ['a normal end', { containers: [{ name: 'Worker', exitCode: 0 }] }],
    [
      'a normal end that stopped a sidecar',
      {
        containers: [
          { name: 'Worker', exitCode: 0 },
          { name: 'Agent', exitCode: 143 },
        ],
      },
    ],
    ['containers without an exit code', { containers: [{ name: 'Worker' }] }],
    ['no containers at all', { containers: undefined }],
  ])('of no interest: %s', (_, detail) => {
    expect(classify(taskStopped(detail), everything)).toBeUndefined();
  });

  it('names the containers that failed, so that only their logs are linked', () => {
    const containers = [
      { name: 'Worker', exitCode: 3 },
      { name: 'Agent', exitCode: 143 },
      { name: 'Proxy', exitCode: 1 },
    ];
    expect(classify(taskStopped({ containers }), everything)?.task?.failed).toEqual(['Worker', 'Proxy']);
  });

  it('is the same change when its event is sent twice, and another one with another version', () => {
    const [first, again, later] = [taskStopped(), { ...taskStopped(), id: 'e2' }, taskStopped({ version: 6 })].map(
      (event) => classify(event, everything)?.changeId,
    );
    expect(again).toBe(first);
    expect(later).not.toBe(first);
  });
});

it('of an outage only in a digest, unless its exit code is expected', () => {
  const event = taskStopped({ containers: [{ name: 'Worker', exitCode: 69 }] });
  expect(classify(event, everything)).toMatchObject({ canWait: true });
  expect(classify(taskStopped(), everything)).not.toHaveProperty('canWait');
  expect(classify(event, { ...everything, expectedExitCodes: new Set([0, 69]) })).toBeUndefined();
});

it('reports out of memory as an exit code when only those are selected', () => {
  const event = taskStopped({
    containers: [{ name: 'Worker', exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' }],
  });
  expect(classify(event, { ...everything, kinds: new Set(['NonZeroExit']) })).toMatchObject({
    kind: 'NonZeroExit',
    title: 'A task of Unpacker exited with code 137',
  });
});

it('alerts only on selected kinds', () => {
  expect(classify(taskStopped(), { ...everything, kinds: new Set(['FailedToStart']) })).toBeUndefined();
});

it('alerts on a running task, but not on one that is starting', () => {
  expect(classify(taskStopped({ lastStatus: 'RUNNING', stopCode: undefined }), everything)).toMatchObject({
    kind: 'Started',
    severity: 'INFO',
    title: 'A task of Unpacker is running',
  });
  expect(classify(taskStopped({ lastStatus: 'PENDING', stopCode: undefined }), everything)).toBeUndefined();
});

describe('a service', () => {
  it.each([
    ['SERVICE_TASK_PLACEMENT_FAILURE', 'PlacementFailed', 'Unpacker has no capacity for its tasks'],
    ['SERVICE_TASK_START_IMPAIRED', 'StartImpaired', 'Unpacker cannot start its tasks'],
    ['SERVICE_DEPLOYMENT_FAILED', 'DeploymentFailed', 'Unpacker failed to deploy'],
  ])('with %s', (eventName, kind, title) => {
    expect(classify(serviceEvent(eventName, { reason: 'RESOURCE:FARGATE' }), everything)).toMatchObject({
      kind,
      title,
      severity: 'ERROR',
      cluster: 'files',
      group: 'Unpacker',
      reason: 'RESOURCE:FARGATE',
      changeId: 'e1',
    });
  });

  it.each(['SERVICE_STEADY_STATE', 'SERVICE_DEPLOYMENT_COMPLETED', 'toString'])('of no interest: %s', (eventName) => {
    expect(classify(serviceEvent(eventName), everything)).toBeUndefined();
  });
});
