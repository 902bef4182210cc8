import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  StartExecutionCommand,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import { until } from '../support/cloud';
import { reported, type CallRow, type TemplateRow, type World } from './row';

const GUIDE = 'https://docs.aws.amazon.com/step-functions/latest/dg';
const API = 'https://docs.aws.amazon.com/step-functions/latest/apireference';
const ROLE = 'arn:aws:iam::000000000000:role/role';
const END = { Type: 'Pass', End: true };

const machine = (states: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  JSON.stringify({ StartAt: 'First', States: states, ...more });

async function create(world: World, definition: string): Promise<string> {
  const { stateMachineArn: arn = '' } = await world.sfn.send(
    new CreateStateMachineCommand({ name: world.name(), definition, roleArn: world.outputs['RoleArn'] }),
  );
  return arn;
}

const start = async (world: World, input: { name?: string; input?: string }) =>
  world.sfn.send(
    new StartExecutionCommand({ stateMachineArn: await create(world, machine({ First: END })), ...input }),
  );

/** Rejects with the error of the execution. */
async function run(world: World, definition: string): Promise<void> {
  const stateMachineArn = await create(world, definition);
  const { executionArn } = await world.sfn.send(new StartExecutionCommand({ stateMachineArn, input: '{"a":{}}' }));
  const { error, cause, status } = await until(() => ended(world.sfn, executionArn), 'the end of the execution');
  if (status !== 'SUCCEEDED') {
    throw reported(error ?? '', cause ?? '');
  }
}

async function ended(sfn: SFNClient, executionArn?: string) {
  const execution = await sfn.send(new DescribeExecutionCommand({ executionArn }));
  return execution.status !== 'RUNNING' && execution;
}

const INVALID: [limit: string, call: string, definition: string][] = [
  ['Target of a transition: a state', '`Next` to nowhere', machine({ First: { Type: 'Pass', Next: 'Second' } })],
  ['States: reachable', 'a state that no transition names', machine({ First: END, Second: END })],
  ['`TimeoutSeconds`: 1 to 99,999,999', '`TimeoutSeconds` 0', machine({ First: END }, { TimeoutSeconds: 0 })],
  ['A state: `Next` or `End`', 'a state with neither', machine({ First: { Type: 'Pass' } })],
  [
    'A path: `$` first',
    'the parameter `"key.$": "detail.key"`',
    machine({ First: { ...END, Parameters: { 'key.$': 'detail.key' } } }),
  ],
  [
    'An expression: JSONata',
    'the output `{% $states. %}`',
    machine({ First: { ...END, Output: '{% $states. %}' } }, { QueryLanguage: 'JSONata' }),
  ],
];

export const calls: CallRow[] = [
  ...INVALID.map(([limit, call, definition]): CallRow => ({
    service: 'Step Functions',
    limit,
    page: `${API}/API_CreateStateMachine.html`,
    call: `CreateStateMachine with ${call}`,
    error: 'InvalidDefinition',
    status: 400,
    send: (world) => create(world, definition),
  })),
  {
    service: 'Step Functions',
    limit: 'Input of an execution: 256 KiB',
    page: `${GUIDE}/service-quotas.html`,
    call: 'StartExecution with 262,145 bytes',
    error: 'ValidationException',
    status: 400,
    send: (world) => start(world, { input: JSON.stringify('i'.repeat(262_143)) }),
  },
  {
    service: 'Step Functions',
    limit: 'Input of an execution: JSON',
    page: `${API}/API_StartExecution.html`,
    call: 'StartExecution with `{`',
    error: 'InvalidExecutionInput',
    status: 400,
    send: (world) => start(world, { input: '{' }),
  },
  {
    service: 'Step Functions',
    limit: 'Name of an execution: no spaces, brackets, wildcards or special characters',
    page: `${API}/API_StartExecution.html`,
    call: 'StartExecution with `in/a.csv`',
    error: 'InvalidName',
    status: 400,
    send: (world) => start(world, { name: 'in/a.csv' }),
  },
  {
    service: 'Step Functions',
    limit: 'Name of an execution: 80 characters',
    page: `${API}/API_StartExecution.html`,
    call: 'StartExecution with 81',
    error: 'ValidationException',
    status: 400,
    send: (world) => start(world, { name: 'n'.repeat(81) }),
  },
  {
    service: 'Step Functions',
    limit: 'Output of a state: 256 KiB',
    page: `${GUIDE}/concepts-error-handling.html`,
    call: 'an execution whose state returns 262,145 bytes',
    error: 'States.DataLimitExceeded',
    status: 0,
    send: (world) => run(world, machine({ First: { ...END, Result: 'r'.repeat(262_143) } })),
  },
  {
    service: 'Step Functions',
    limit: 'A path: present in the input',
    page: `${GUIDE}/concepts-error-handling.html`,
    call: 'an execution whose parameter names `$.a.missing`',
    error: 'States.Runtime',
    status: 0,
    send: (world) => run(world, machine({ First: { ...END, Parameters: { 'key.$': '$.a.missing' } } })),
  },
];

export const templates: TemplateRow[] = INVALID.slice(0, 3).map(([limit, template, definition]) => ({
  service: 'Step Functions',
  limit,
  page: `${API}/API_CreateStateMachine.html`,
  template: `a state machine with ${template}`,
  error: 'InvalidDefinition',
  resources: {
    Queue: { Type: 'AWS::SQS::Queue' },
    Machine: {
      Type: 'AWS::StepFunctions::StateMachine',
      Properties: {
        RoleArn: ROLE,
        // As CDK writes a definition that names a resource.
        DefinitionString: { 'Fn::Join': ['', [definition.slice(0, -1), ',"Comment":"', { Ref: 'Queue' }, '"}']] },
      },
    },
  },
}));
