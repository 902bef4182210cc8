import { Duration } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { WorkerHealthCheck } from '../../../src';
import { createTestApp, createWorker, environmentOf, synth } from '../../support/cdk-stacks';

function healthCheckOf(healthCheck?: WorkerHealthCheck) {
  const test = createTestApp();
  createWorker(test, { healthCheck });
  return synth(test);
}

describe('WorkerHealthCheck', () => {
  it('asks the worker on the port that it tells it', () => {
    const template = healthCheckOf(WorkerHealthCheck.livez({ port: 9_000 }));
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          HealthCheck: {
            Command: [
              'CMD',
              'node',
              '-e',
              "fetch('http://127.0.0.1:9000/livez').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))",
            ],
            Interval: 30,
            Timeout: 5,
            Retries: 3,
            StartPeriod: 30,
          },
        }),
      ],
    });
    expect(environmentOf(template)).toHaveProperty('FILEWORKS_HEALTH_PORT', '9000');
  });

  it('runs a command', () => {
    const check = WorkerHealthCheck.command(['/bin/check', '--fast'], {
      interval: Duration.seconds(5),
      retries: 10,
      startPeriod: Duration.seconds(0),
    });
    const template = healthCheckOf(check);
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          HealthCheck: Match.objectLike({ Command: ['CMD', '/bin/check', '--fast'], Interval: 5, Retries: 10 }),
        }),
      ],
    });
    expect(environmentOf(template)).not.toHaveProperty('FILEWORKS_HEALTH_PORT');
  });

  it.each([undefined, WorkerHealthCheck.none()])('asks nothing by default', (healthCheck) => {
    const template = healthCheckOf(healthCheck);
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [Match.objectLike({ HealthCheck: Match.absent() })],
    });
    expect(environmentOf(template)).not.toHaveProperty('FILEWORKS_HEALTH_PORT');
  });

  it.each<[string, () => WorkerHealthCheck]>([
    ['port must be a whole number from 1 to 65535, got: 0', () => WorkerHealthCheck.livez({ port: 0 })],
    [
      'interval must be a whole number of seconds from 5 to 300, got: 4',
      () => WorkerHealthCheck.livez({ interval: Duration.seconds(4) }),
    ],
    ['retries must be a whole number from 1 to 10, got: 11', () => WorkerHealthCheck.livez({ retries: 11 })],
    [
      'startPeriod must be a whole number of seconds from 0 to 300, got: 301',
      () => WorkerHealthCheck.command(['x'], { startPeriod: Duration.seconds(301) }),
    ],
    ['command cannot be empty; set a program, or use WorkerHealthCheck.none()', () => WorkerHealthCheck.command([])],
  ])('throws: %s', (message, create) => {
    expect(create).toThrow(new Error(message));
  });
});
