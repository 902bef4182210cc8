const ref = (name: string) => ({ Ref: name });
const arn = (name: string) => ({ 'Fn::GetAtt': [name, 'Arn'] });
const trust = (service: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: `${service}.amazonaws.com` }, Action: 'sts:AssumeRole' }],
});

const SUBNET = 'subnet-0123456789abcdef0';
const NETWORK = { VpcId: 'vpc-1', Subnets: [SUBNET], SecurityGroupIds: ['sg-1'] };

/** The statements of these names, of the policy that the builds need. */
export function policyOf(
  names: readonly string[],
  { LogGroupArn: log, Owner: secret, Bucket: bucket }: Values,
): object {
  const statements: Readonly<Record<string, object>> = {
    Log: { Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: log },
    Interface: {
      Action: 'ec2:CreateNetworkInterfacePermission',
      Resource: 'arn:aws:ec2:us-east-1:000000000000:network-interface/*',
      Condition: {
        StringEquals: {
          'ec2:AuthorizedService': 'codebuild.amazonaws.com',
          'ec2:Subnet': `arn:aws:ec2:us-east-1:000000000000:subnet/${SUBNET}`,
        },
      },
    },
    Network: {
      Action: [
        'ec2:CreateNetworkInterface',
        'ec2:DescribeDhcpOptions',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DeleteNetworkInterface',
        'ec2:DescribeSubnets',
        'ec2:DescribeSecurityGroups',
        'ec2:DescribeVpcs',
      ],
      Resource: '*',
    },
    Secret: { Action: 'secretsmanager:GetSecretValue', Resource: secret },
    Source: {
      Action: 's3:GetObject',
      Resource: typeof bucket === 'string' ? `arn:aws:s3:::${bucket}/*` : { 'Fn::Sub': 'arn:aws:s3:::${Bucket}/*' },
    },
  };
  return {
    Version: '2012-10-17',
    Statement: names.map((name) => ({ Sid: name, Effect: 'Allow', ...statements[name] })),
  };
}

/** Values of a template, or those of its deployment. */
type Values = Readonly<Record<string, unknown>>;

const project = (name: string, source: object, more: object = {}) => ({
  Type: 'AWS::CodeBuild::Project',
  Properties: {
    Name: name,
    ServiceRole: arn('Role'),
    Artifacts: { Type: 'NO_ARTIFACTS' },
    Environment: { Type: 'LINUX_CONTAINER', ComputeType: 'BUILD_GENERAL1_SMALL', Image: 'aws/codebuild/standard:7.0' },
    Source: source,
    LogsConfig: { CloudWatchLogs: { Status: 'ENABLED', GroupName: ref('LogGroup') } },
    ...more,
  },
});

const role = (service: string, actions: Readonly<Record<string, object>>) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: trust(service),
    Policies: [
      {
        PolicyName: 'Own',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: Object.entries(actions).map(([Action, Resource]) => ({ Effect: 'Allow', Action, Resource })),
        },
      },
    ],
  },
});

const spec = {
  version: '0.2',
  env: { 'secrets-manager': { PGUSER: '${Owner}:username', PGPASSWORD: '${Owner}:password' } },
  phases: { build: { commands: ['cd database', 'sh ./migrate.sh'] } },
};

/** Projects with a checkout on this machine, without one, and with a source in S3. */
export const BUILDS_APP = {
  Resources: {
    LogGroup: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: 'builds' } },
    Bucket: { Type: 'AWS::S3::Bucket' },
    DeadLetters: { Type: 'AWS::SQS::Queue' },
    Failures: { Type: 'AWS::SQS::Queue' },
    FailuresPolicy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: {
        Queues: [ref('Failures')],
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Service: 'events.amazonaws.com' },
              Action: 'sqs:SendMessage',
              Resource: arn('Failures'),
            },
          ],
        },
      },
    },
    FailureRule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        EventPattern: {
          source: ['aws.codebuild'],
          'detail-type': ['CodeBuild Build State Change'],
          detail: { 'build-status': ['FAILED'] },
        },
        Targets: [{ Id: 'queue', Arn: arn('Failures') }],
      },
    },
    RequestRule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        EventPattern: { source: ['test'] },
        Targets: [
          {
            Id: 'build',
            Arn: arn('Stored'),
            RoleArn: arn('Caller'),
            Input: '{"buildspecOverride":"{\\"version\\":\\"0.2\\"}"}',
          },
        ],
      },
    },
    Owner: {
      Type: 'AWS::SecretsManager::Secret',
      Properties: { Name: 'owner', SecretString: '{"username":"owner","password":"p\\"ss"}' },
    },
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: trust('codebuild'),
        Policies: [
          {
            PolicyName: 'Build',
            PolicyDocument: policyOf(['Log', 'Interface', 'Network', 'Secret', 'Source'], {
              LogGroupArn: arn('LogGroup'),
              Owner: ref('Owner'),
            }),
          },
        ],
      },
    },
    Project: project(
      'migration',
      { Type: 'GITHUB', Location: 'https://github.com/acme/shop.git', BuildSpec: { 'Fn::Sub': JSON.stringify(spec) } },
      { ConcurrentBuildLimit: 1, VpcConfig: NETWORK },
    ),
    Elsewhere: project('elsewhere', { Type: 'GITHUB', Location: 'https://github.com/acme/other.git' }),
    Stored: project('stored', { Type: 'S3', Location: { 'Fn::Sub': '${Bucket}/source.zip' } }),
    Starter: role('scheduler', { 'codebuild:StartBuild': arn('Stored'), 'sqs:SendMessage': arn('DeadLetters') }),
    Caller: role('events', { 'codebuild:StartBuild': arn('Stored') }),
    Sender: role('scheduler', { 'sqs:SendMessage': arn('DeadLetters') }),
  },
  Outputs: {
    Project: { Value: ref('Project') },
    Elsewhere: { Value: ref('Elsewhere') },
    Stored: { Value: ref('Stored') },
    StoredArn: { Value: arn('Stored') },
    Role: { Value: ref('Role') },
    Owner: { Value: ref('Owner') },
    Bucket: { Value: ref('Bucket') },
    LogGroupArn: { Value: arn('LogGroup') },
    StarterArn: { Value: arn('Starter') },
    SenderArn: { Value: arn('Sender') },
    Failures: { Value: ref('Failures') },
    DeadLetters: { Value: ref('DeadLetters') },
    DeadLettersArn: { Value: arn('DeadLetters') },
  },
};
