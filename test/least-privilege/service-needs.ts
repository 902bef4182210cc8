import type { DeployedRole } from './deployed-roles';

/**
 * Actions of AWS services with a role that they assume, which the local cloud does not record: by service and action,
 * each with its purpose. A grant that is missing here is a finding.
 */
const needs: Readonly<Partial<Record<string, Readonly<Partial<Record<string, string>>>>>> = {
  // The agent of ECS, by the execution role:
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
  'ecs-tasks.amazonaws.com': {
    'ecr:GetAuthorizationToken': 'logs in to ECR',
    'ecr:BatchCheckLayerAvailability': 'pulls the image',
    'ecr:GetDownloadUrlForLayer': 'pulls the image',
    'ecr:BatchGetImage': 'pulls the image',
    'logs:CreateLogStream': 'writes the log of the container',
    'logs:PutLogEvents': 'writes the log of the container',
    'secretsmanager:GetSecretValue': 'puts secrets into the environment',
    'secretsmanager:DescribeSecret': 'puts secrets into the environment',
  },
  // See https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
  'lambda.amazonaws.com': {
    'logs:CreateLogStream': 'writes the log of the function',
    'logs:PutLogEvents': 'writes the log of the function',
    'ec2:CreateNetworkInterface': 'puts a function into a VPC',
    'ec2:DeleteNetworkInterface': 'puts a function into a VPC',
    'ec2:DescribeNetworkInterfaces': 'puts a function into a VPC',
    'ec2:DescribeSubnets': 'puts a function into a VPC',
    'ec2:AssignPrivateIpAddresses': 'puts a function into a VPC',
    'ec2:UnassignPrivateIpAddresses': 'puts a function into a VPC',
    'sqs:ReceiveMessage': 'polls the queue of an event source',
    'sqs:DeleteMessage': 'polls the queue of an event source',
    'sqs:GetQueueAttributes': 'polls the queue of an event source',
    'sqs:ChangeMessageVisibility': 'polls the queue of an event source',
    'dynamodb:GetRecords': 'reads the stream of an event source',
    'dynamodb:GetShardIterator': 'reads the stream of an event source',
    'dynamodb:DescribeStream': 'reads the stream of an event source',
    'dynamodb:ListStreams': 'reads the stream of an event source',
  },
  // See https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html, /cw-logs.html,
  // /concepts-xray-tracing.html
  // and /iam-policies-eg-dist-map.html
  'states.amazonaws.com': {
    'ecs:RunTask': 'runs the task',
    'iam:PassRole': 'gives the task its roles',
    'ecs:TagResource': 'runs the task with tags',
    'ecs:DescribeTasks': 'looks whether the task has ended',
    'ecs:StopTask': 'stops the task of an execution that ends before it',
    'events:PutTargets': 'hears of the end of tasks',
    'events:PutRule': 'hears of the end of tasks',
    'events:DescribeRule': 'hears of the end of tasks',
    'states:ListExecutions': 'a job looks for other runs',
    'sqs:SendMessage': 'moves an object whose tasks failed to the dead-letter queue',
    's3:ListBucket': 'a Distributed Map lists files',
    's3:PutObject': 'writes batches, and what a Distributed Map exports',
    's3:GetObject': 'checks what a Distributed Map exports',
    's3:ListMultipartUploadParts': 'checks what a Distributed Map exports',
    's3:AbortMultipartUpload': 'aborts the export of a Distributed Map',
    'states:StartExecution': 'a Distributed Map starts executions of its own machine',
    'states:DescribeExecution': 'a Distributed Map looks after its executions',
    'states:StopExecution': 'a Distributed Map that has failed stops its executions',
    'lambda:InvokeFunction': 'calls a function',
    'events:PutEvents': 'publishes the end of a run',
    'logs:CreateLogDelivery': 'sets up its log',
    'logs:GetLogDelivery': 'sets up its log',
    'logs:UpdateLogDelivery': 'sets up its log',
    'logs:DeleteLogDelivery': 'sets up its log',
    'logs:ListLogDeliveries': 'sets up its log',
    'logs:PutResourcePolicy': 'sets up its log',
    'logs:DescribeResourcePolicies': 'sets up its log',
    'logs:DescribeLogGroups': 'sets up its log',
    'xray:PutTraceSegments': 'sends traces',
    'xray:PutTelemetryRecords': 'sends traces',
    'xray:GetSamplingRules': 'sends traces',
    'xray:GetSamplingTargets': 'sends traces',
  },
  // See https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html
  'codebuild.amazonaws.com': {
    'logs:CreateLogStream': 'writes the log of a build',
    'logs:PutLogEvents': 'writes the log of a build',
    'ec2:CreateNetworkInterface': 'puts a build into a VPC',
    'ec2:CreateNetworkInterfacePermission': 'puts a build into a VPC',
    'ec2:DeleteNetworkInterface': 'puts a build into a VPC',
    'ec2:DescribeDhcpOptions': 'puts a build into a VPC',
    'ec2:DescribeNetworkInterfaces': 'puts a build into a VPC',
    'ec2:DescribeSecurityGroups': 'puts a build into a VPC',
    'ec2:DescribeSubnets': 'puts a build into a VPC',
    'ec2:DescribeVpcs': 'puts a build into a VPC',
    'secretsmanager:GetSecretValue': 'puts the secret into the environment',
  },
  'events.amazonaws.com': { 'states:StartExecution': 'a rule starts an execution' },
  'scheduler.amazonaws.com': {
    'ecs:RunTask': 'a schedule runs the task',
    'iam:PassRole': 'gives the task its roles',
    'ecs:TagResource': 'a schedule runs the task with tags',
    'states:StartExecution': 'a schedule starts an execution',
    'lambda:InvokeFunction': 'a schedule invokes a function',
    'codebuild:StartBuild': 'a schedule starts a build',
    'sqs:SendMessage': 'moves an event whose target did not start to the dead-letter queue',
  },
};

/** The purpose of an action for the service that uses a role; a container uses its task role alone. */
export function needOf(actor: DeployedRole['actor'], services: readonly string[], action: string): string | undefined {
  return actor === 'container'
    ? undefined
    : services.map((service) => needs[service]?.[action]).find((need) => need !== undefined);
}
