import type { Deployment, Task } from '@aws-sdk/client-ecs';
import type { Pipeline } from '../src/pipeline';
import type { Clients } from '../src/support/clients';
import { describeServices } from '../src/services';

const now: Deployment = {
  id: 'ecs-svc/2',
  status: 'PRIMARY',
  createdAt: new Date('2026-11-21T10:00:00Z'),
  rolloutState: 'IN_PROGRESS',
};
const before: Deployment = {
  id: 'ecs-svc/1',
  status: 'ACTIVE',
  createdAt: new Date('2026-11-21T09:00:00Z'),
  rolloutState: 'FAILED',
};

/** A task whose image could not be pulled. */
const failedAt = (time: string, { id: startedBy }: Deployment): Task => ({
  startedBy,
  stopCode: 'TaskFailedToStart',
  stoppedAt: new Date(`2026-11-21T${time}Z`),
  stoppedReason: `CannotPullContainerError at ${time}`,
});

/** The last failure of a service with these deployments and stopped tasks. */
async function lastFailure(deployments: Deployment[], tasks: Task[]) {
  const answers: Record<string, object> = {
    DescribeServicesCommand: { services: [{ deployments, desiredCount: 1, runningCount: 0 }] },
    ListTasksCommand: { taskArns: tasks.map((_, index) => `task/${index}`) },
    DescribeTasksCommand: { tasks },
  };
  const client = { send: (command: object) => Promise.resolve(answers[command.constructor.name] ?? {}) };
  const stack = {
    ofType: () => [{ name: 'Unpacker', type: 'AWS::ECS::Service', physicalId: 'arn:aws:ecs:r:1:service/c/s' }],
  };
  const [service] = await describeServices(
    { ecs: client, scaling: client } as unknown as Clients,
    stack as unknown as Pipeline,
  );
  return service.lastFailure;
}

test('the last failure is the newest failure of the current deployment', async () => {
  const found = await lastFailure(
    [now, before],
    [failedAt('10:01:00', now), failedAt('10:03:00', now), failedAt('10:02:00', now)],
  );
  expect(found).toEqual({ at: '2026-11-21T10:03:00.000Z', reason: 'CannotPullContainerError at 10:03:00' });
});

test.each([
  ['before the new one began', '09:59:59'],
  ['while the new one takes over', '10:00:01'],
])('ignores a failure of an earlier deployment, %s', async (_, time) => {
  expect(await lastFailure([now, before], [failedAt(time, before)])).toBeUndefined();
  expect(await lastFailure([now, before], [failedAt(time, before), failedAt('10:05:00', now)])).toMatchObject({
    at: '2026-11-21T10:05:00.000Z',
  });
});

test('a task that was stopped by a deployment or by scaling has not failed', async () => {
  const stopped: Task = {
    startedBy: now.id,
    stopCode: 'ServiceSchedulerInitiated',
    stoppedAt: new Date(),
    containers: [{ name: 'Worker', exitCode: 143 }],
  };
  const ended: Task = {
    startedBy: now.id,
    stopCode: 'EssentialContainerExited',
    stoppedAt: new Date(),
    containers: [{ name: 'Worker', exitCode: 0 }],
  };
  expect(await lastFailure([now], [stopped, ended])).toBeUndefined();
});
