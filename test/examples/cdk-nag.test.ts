import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { TaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { AwsSolutionsChecks } from 'cdk-nag';

const root = resolve(__dirname, '..', '..');
const examples = join(root, 'examples', 'typescript');

/** What a reader's own parts of an example leave out to stay short; ours leave out nothing. */
const ownParts: Record<string, string> = {
  'AwsSolutions-VPC7': "the network is the reader's own; flow logs cost money in a try-out",
  'AwsSolutions-ECS4':
    "the cluster is the reader's own; Container Insights cost money in a try-out, and scaling does not need them",
  'AwsSolutions-ECS2':
    "what the reader's own task definition has in its environment are names of resources, no secrets",
  'AwsSolutions-SMG4':
    "rotation of the database owner's secret is the reader's own; the function that rotates must be in the reader's account",
  'AwsSolutions-RDS11': 'the port of PostgreSQL is no secret, and nothing outside the security groups reaches it',
  'AwsSolutions-S1': 'the buckets of the try-out have no access logs',
};

const pullsImages = {
  id: 'AwsSolutions-IAM5[Resource::*]',
  reason: 'ecr:GetAuthorizationToken has no narrower resource',
};

type StackClass = new (scope: App, id: string) => Stack;

/** The class that `<name>-stack.ts` exports. */
function stackOf(name: string): StackClass {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return Object.values(require(join(examples, name, `${name}-stack`)) as Record<string, StackClass>)[0];
}

describe.each(readdirSync(examples))('the reference deployment %s', (name) => {
  const cwd = process.cwd();
  afterAll(() => process.chdir(cwd));

  test('has no finding of AwsSolutions but the known ones of its own parts', () => {
    process.chdir(join(examples, name)); // assets are named relative to the app's folder
    const app = new App();
    const stack = new (stackOf(name))(app, 'Example');
    for (const construct of stack.node.findAll()) {
      if (construct instanceof TaskDefinition && construct.executionRole) {
        Validations.of(construct.executionRole).acknowledge(pullsImages);
      }
    }
    Validations.of(stack).acknowledge(...Object.entries(ownParts).map(([id, reason]) => ({ id, reason })));
    const { violations } = new AwsSolutionsChecks().validateScope(stack);
    expect(
      violations.map(
        ({ ruleName, violatingResources }) =>
          `${ruleName}: ${violatingResources.map(({ resourceLogicalId }) => resourceLogicalId).join(', ')}`,
      ),
    ).toEqual([]);
  });
});
