import { join, resolve } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { QuickstartStack } from '../../examples/typescript/quickstart/quickstart-stack';

const root = resolve(__dirname, '..', '..');

/** What a reader's own parts of an example leave out to stay short; ours leave out nothing. */
const ownParts: Record<string, string> = {
  'AwsSolutions-VPC7': 'the network is the reader\'s own; flow logs cost money in a try-out',
  'AwsSolutions-ECS4': 'the cluster is the reader\'s own; Container Insights cost money in a try-out, and scaling does not need them',
  'AwsSolutions-S1': 'the buckets of the try-out have no access logs',
};

describe.each([['quickstart', QuickstartStack]])('the reference deployment %s', (name, Example: new (scope: App, id: string) => Stack) => {
  const cwd = process.cwd();
  afterAll(() => process.chdir(cwd));

  test('has no finding of AwsSolutions but the known ones of its own parts', () => {
    process.chdir(join(root, 'examples', 'typescript', name)); // assets are named relative to the app's folder
    const app = new App();
    const stack = new Example(app, 'Example');
    Validations.of(stack).acknowledge(...Object.entries(ownParts).map(([id, reason]) => ({ id, reason })));
    const { violations } = new AwsSolutionsChecks().validateScope(stack);
    expect(violations.map(({ ruleName, violatingResources }) => `${ruleName}: ${violatingResources.map(({ resourceLogicalId }) => resourceLogicalId).join(', ')}`)).toEqual([]);
  });
});
