import {
  copilotBacklog,
  copilotMetric,
  queueProcessingDefault,
  queueProcessingTuned,
  synthesize,
  type Common,
} from '../../simulator/compare/stacks';
import { SimulatorError } from '../../simulator/failure';
import { readScaling } from '../../simulator/template/read-scaling';
import { readWorker } from '../../simulator/template/read-worker';
import { readTemplateFile, resourcesOf, type Template } from '../../simulator/template/template';
import { addFileworks, addExports } from './fileworks-sources';
import { scaledTemplate } from './support';

const common: Common = {
  maxTasks: 20,
  slots: 4,
  cpu: 512,
  memoryLimitMiB: 1_024,
  processingSeconds: 30,
  acceptableLatencySeconds: 180,
};

function read(template: Template, metrics: string[] = []) {
  const worker = readWorker(template);
  return { worker, scaling: readScaling(template, worker.service, metrics) };
}

describe('a template of QueueProcessingFargateService', () => {
  test('its default: 1 to 20 tasks on Spot, steps on visible messages, and the CPU', () => {
    const { worker, scaling } = read(synthesize('S', queueProcessingDefault, common));

    expect(worker).toMatchObject({
      vcpu: 0.5,
      memoryGiB: 1,
      stopTimeoutSeconds: 30,
      slots: 1,
      protection: false,
      wake: 'off',
    });
    expect(worker.capacity).toEqual([{ spot: true, base: 0, weight: 1 }]);
    expect(scaling.target).toMatchObject({ minCapacity: 1, maxCapacity: 20 });
    expect(scaling.queue.maxReceiveCount).toBe(3);
    expect(scaling.policies.find(({ tracking }) => tracking)?.tracking).toMatchObject({
      target: 50,
      disableScaleIn: false,
    });
    expect(scaling.policies.filter(({ step }) => step).map(({ step }) => step?.steps)).toEqual([
      [{ upper: 0, adjustment: -1 }],
      [
        { lower: 0, upper: 400, adjustment: 1 },
        { lower: 400, adjustment: 5 },
      ],
    ]);
    expect(scaling.alarms.map(({ rule, series }) => [rule.threshold, series.periodSeconds])).toEqual([
      [0, 300],
      [100, 300],
    ]);
    expect(scaling.notes).toEqual([]);
  });

  test('tuned: no policy for the CPU, a cooldown of a minute', () => {
    const { scaling } = read(synthesize('S', queueProcessingTuned, common));

    expect(scaling.target.minCapacity).toBe(0);
    expect(scaling.policies.map(({ step }) => step?.cooldownSeconds)).toEqual([60, 60]);
  });
});

test('a Copilot-style target needs the metric that its Lambda function publishes', () => {
  const template = synthesize('S', copilotBacklog, common);

  expect(read(template).scaling.notes).toEqual([
    'Backlog follows app-env-worker BacklogPerTask, which has no data here; give it with --metric "BacklogPerTask=EXPRESSION"',
  ]);
  const { scaling } = read(template, [copilotMetric]);
  expect(scaling.notes).toEqual([]);
  expect(scaling.policies[0].tracking).toMatchObject({
    target: 6,
    scaleInCooldownSeconds: 120,
    scaleOutCooldownSeconds: 60,
  });
  expect(scaling.customMetrics[0].value((id) => ({ visible: 7, running: 2 })[id])).toBe(4);
  expect(scaling.queue.maxReceiveCount).toBe(10);
});

test('our worker: slots, protection and backlog with messages in flight', () => {
  const { worker, scaling } = read(synthesize('S', addFileworks, common));

  expect(worker).toMatchObject({
    slots: 4,
    protection: true,
    wake: 'backlog',
    stopTimeoutSeconds: 120,
    capacity: [{ spot: true, base: 0, weight: 1 }],
  });
  expect(scaling.target.minCapacity).toBe(0);
  expect(scaling.notes).toEqual([]);
});

test('both services of an export: the permission of one to suspend the scaling of the other is not a wake-up', () => {
  const template = synthesize('S', addExports, common);
  const services = resourcesOf(template, 'AWS::ECS::Service').map(([service]) => readWorker(template, { service }));

  expect(services.map(({ slots, protection, wake }) => [slots, protection, wake])).toEqual([
    [4, true, 'off'],
    [10, true, 'off'],
  ]);
});

describe('throws', () => {
  const scaled = scaledTemplate();
  const without = (type: string): Template => {
    const rest = Object.entries(scaled.Resources).filter(([, resource]) => resource.Type !== type);
    return { ...scaled, Resources: Object.fromEntries(rest) };
  };

  test('for a template that scales nothing', () => {
    expect(() => readWorker(without('AWS::ApplicationAutoScaling::ScalableTarget'))).toThrow(
      new SimulatorError(
        'the template scales no ECS service: it has no AWS::ApplicationAutoScaling::ScalableTarget for one',
      ),
    );
  });

  test('for a task definition in another stack', () => {
    expect(() => readWorker(without('AWS::ECS::TaskDefinition'))).toThrow(
      'so the size and price of a task are unknown; simulate a template that contains both',
    );
  });

  test('for a service that is not scaled', () => {
    expect(() => readWorker(scaled, { service: 'Other' })).toThrow(
      /^--service Other is not a scaled service of the template; it has Service/,
    );
  });

  test('for a file that is not a template', () => {
    expect(() => readTemplateFile('no-such.json')).toThrow(/^--template no-such.json is not a readable JSON file/);
    expect(() => readTemplateFile('package.json')).toThrow(
      '--template package.json has no Resources; give a *.template.json of cdk.out',
    );
  });

  test('for a metric without expression', () => {
    expect(() => readScaling(scaled, readWorker(scaled).service, ['Backlog'])).toThrow(
      /^--metric Backlog must be NAME=EXPRESSION/,
    );
  });
});
