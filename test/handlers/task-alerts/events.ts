import type { EcsEvent, ServiceDetail, TaskDetail } from '../../../src/handlers/task-alerts/events';

const envelope = { id: 'e1', account: '111122223333', region: 'eu-west-1', time: '2026-11-20T10:00:05Z' } as const;

/** A task of a service whose one container failed; `detail` is what is different. */
export function taskStopped(detail: Partial<TaskDetail> = {}): EcsEvent {
  const taskArn = 'arn:aws:ecs:eu-west-1:111122223333:task/files/0123abcd';
  return {
    ...envelope,
    'detail-type': 'ECS Task State Change',
    resources: [taskArn],
    detail: {
      clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/files',
      taskArn,
      taskDefinitionArn: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/unpacker:7',
      group: 'service:Unpacker',
      lastStatus: 'STOPPED',
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      startedAt: '2026-11-20T09:00:00Z',
      stoppedAt: '2026-11-20T10:00:00Z',
      containers: [{ name: 'Worker', exitCode: 1 }],
      version: 5,
      ...detail,
    },
  };
}

export function serviceEvent(eventName: string, detail: Partial<ServiceDetail> = {}): EcsEvent {
  return {
    ...envelope,
    'detail-type': eventName.includes('DEPLOYMENT') ? 'ECS Deployment State Change' : 'ECS Service Action',
    resources: ['arn:aws:ecs:eu-west-1:111122223333:service/files/Unpacker'],
    detail: { eventName, ...detail },
  };
}
