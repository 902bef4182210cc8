import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { AwsSolutionsChecks } from 'cdk-nag';
import { PipelineVpcEndpoints, type PipelineVpcEndpointsProps } from '../../../src';
import { createTestApp, createWorker, type TestApp } from '../../support/cdk-stacks';

function create(test: TestApp, props: Partial<PipelineVpcEndpointsProps> = {}): PipelineVpcEndpoints {
  return new PipelineVpcEndpoints(test.shared, 'Endpoints', { vpc: test.vpc, ...props });
}

const servicesOf = (template: Template) =>
  Object.values(template.findResources('AWS::EC2::VPCEndpoint'))
    .map(({ Properties: properties }) =>
      JSON.stringify((properties as { ServiceName: unknown }).ServiceName).replace(/^.*"\.?([a-z.0-9]+)"\]\]\}$/, '$1'),
    )
    .sort();

describe('PipelineVpcEndpoints', () => {
  it('leads to what a task needs to start, to log and to work, and to nothing else', () => {
    const test = createTestApp();
    create(test);
    const template = Template.fromStack(test.shared);
    expect(servicesOf(template)).toEqual(['dynamodb', 'ecr.api', 'ecr.dkr', 'logs', 's3', 'sqs']);
    expect(new AwsSolutionsChecks().validateScope(test.shared.node.findChild('Endpoints')).violations).toEqual([]);
  });

  it('lets in whom it is told of, on port 443, also from another stack without a cycle', () => {
    const test = createTestApp();
    const endpoints = create(test);
    createWorker(test).connections.allowToDefaultPort(endpoints);
    test.app.synth();
    Template.fromStack(test.stack).hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      FromPort: 443,
      ToPort: 443,
      IpProtocol: 'tcp',
      SourceSecurityGroupId: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Worker'), 'GroupId'] },
    });
    Template.fromStack(test.shared).resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
  });

  it('stands where it is told, for further services', () => {
    const test = createTestApp();
    create(test, {
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      additionalServices: [ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER],
    });
    Template.fromStack(test.shared).hasResourceProperties('AWS::EC2::VPCEndpoint', {
      ServiceName: { 'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp('secretsmanager')])] },
      SubnetIds: [{ Ref: Match.stringLikeRegexp('Public') }, { Ref: Match.stringLikeRegexp('Public') }],
    });
  });

  it('throws for a service twice', () => {
    const test = createTestApp();
    expect(() => create(test, { additionalServices: [ec2.InterfaceVpcEndpointAwsService.SQS] })).toThrow(
      new Error(
        'additionalServices cannot include a service that has an endpoint already, got: sqs; omit it [at Shared/Endpoints]',
      ),
    );
  });
});
