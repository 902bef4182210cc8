import type { Template } from '../../src/deploy/assembly';
import { refuseUnsupported } from '../../src/deploy/refusals';

function refuse(resources: Record<string, unknown>): () => void {
  return () => {
    refuseUnsupported({ name: 'Stack', template: { Resources: resources } as unknown as Template });
  };
}

const rule = (arn: unknown) => ({ Type: 'AWS::Events::Rule', Properties: { Targets: [{ Arn: arn }] } });

test('throws for a distributed map that writes its results in JSONPath, not for one in JSONata', () => {
  const machine = (language: string) => ({
    Type: 'AWS::StepFunctions::StateMachine',
    Properties: { DefinitionString: `{"QueryLanguage":"${language}","States":{"Map":{"ResultWriter":{}}}}` },
  });
  expect(refuse({ Machine: machine('JSONPath') })).toThrow(
    'stack Stack: Machine uses a distributed Map with a ResultWriter',
  );
  expect(refuse({ Machine: machine('JSONata') })).not.toThrow();
});

test('throws for a rule that sends to a log group, not for one that sends to a queue or a cluster', () => {
  const parts = {
    Logs: { Type: 'AWS::Logs::LogGroup' },
    Queue: { Type: 'AWS::SQS::Queue' },
    Cluster: { Type: 'AWS::ECS::Cluster' },
  };
  expect(
    refuse({
      ...parts,
      Rule: rule({ 'Fn::Join': ['', ['arn:aws:logs:', { Ref: 'AWS::Region' }, ':log-group:', { Ref: 'Logs' }]] }),
    }),
  ).toThrow('Rule uses a rule with a target');
  expect(
    refuse({
      ...parts,
      Rule: rule({ 'Fn::GetAtt': ['Queue', 'Arn'] }),
      Other: rule({ 'Fn::GetAtt': ['Cluster', 'Arn'] }),
      Foreign: rule('arn:aws:sqs:us-east-1:1:q'),
    }),
  ).not.toThrow();
});

test('throws for a schedule that makes an API call', () => {
  const schedule = {
    Type: 'AWS::Scheduler::Schedule',
    Properties: { Target: { Arn: 'arn:aws:scheduler:::aws-sdk:sqs:purgeQueue' } },
  };
  expect(refuse({ Schedule: schedule })).toThrow('Schedule uses an API call as the target of a schedule');
});

test('throws for a daemon service', () => {
  expect(refuse({ Service: { Type: 'AWS::ECS::Service', Properties: { SchedulingStrategy: 'DAEMON' } } })).toThrow(
    'Service uses the scheduling strategy DAEMON',
  );
});
