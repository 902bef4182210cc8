import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { type Finding, judge } from './support/judge';
import { resourcesOf, type Stack, stacks } from './support/templates';
import { python } from './support/tools';

type Statement = Readonly<Record<string, unknown>>;
interface Judged {
  readonly where: string;
  readonly statement: Statement;
}

/** The properties that hold a policy; that of a bucket or a queue is a resource of its own. */
const DOCUMENTS = ['PolicyDocument', 'KeyPolicy', 'AssumeRolePolicyDocument'];
const TYPES = ['IAM::Policy', 'IAM::Role', 'S3::BucketPolicy', 'SQS::QueuePolicy', 'SNS::TopicPolicy', 'KMS::Key'];

function statementsOf(stack: Stack): Judged[] {
  return resourcesOf(stack, ...TYPES.map((type) => `AWS::${type}`)).flatMap(({ id, type, properties }) => {
    const documents = properties as Record<string, { Statement: Statement[] } | undefined>;
    // A trust policy has no resource, which parliament asks for in every statement
    const own = type === 'AWS::IAM::Role' ? { Resource: stack.resolve({ 'Fn::GetAtt': [id, 'Arn'] }) } : {};
    return DOCUMENTS.flatMap((name) => documents[name]?.Statement ?? []).map((statement, i) => ({
      where: `${stack.name}/${id}[${i}] (${type})`,
      statement: { ...statement, ...own },
    }));
  });
}

async function analyze(judged: readonly Judged[]): Promise<Finding[]> {
  const input = judged.map(({ statement }) => JSON.stringify({ Version: '2012-10-17', Statement: statement }));
  const lines = execFileSync(await python(), ['-W', 'ignore', resolve('test/judges/support/analyze_policies.py')], {
    input: input.join('\n'),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return lines
    .trimEnd()
    .split('\n')
    .flatMap((line, i) =>
      (JSON.parse(line) as Omit<Finding, 'where'>[]).map(({ rule, message }) => ({
        rule,
        where: judged[i].where,
        message: `${message} in ${JSON.stringify(judged[i].statement)}`,
      })),
    );
}

judge('parliament', {
  find: () => analyze(stacks().flatMap(statementsOf)),
  fault: () =>
    analyze([{ where: 'a policy', statement: { Effect: 'Allow', Action: 's3:GetFile', Resource: 'arn:aws:s3:::b' } }]),
});
