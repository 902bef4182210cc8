import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { QueueScaledFargateWorker } from 'cdk-fileworks';
import { everything } from '../judges/templates/everything';
import { required } from '../judges/templates/required';
import { type Builds, created, image } from '../judges/templates/surroundings';

type Build = Builds[string];

const ofAnotherStack: Build = ({ stack, cluster }) => {
  const shared = Stack.of(cluster);
  const assumedBy = new iam.ServicePrincipal('ecs-tasks.amazonaws.com');
  const taskRole = new iam.Role(shared, 'TaskRole', { assumedBy });
  new QueueScaledFargateWorker(stack, 'Worker', { cluster, image, taskRole });
};

/** The construct in an app whose roles have the names, by path; and the roles of the app. */
function build(construct: Build, names?: Record<string, string>): { stack: Stack; roles: string[] } {
  const app = new App({ analyticsReporting: false });
  if (names !== undefined) {
    iam.Role.customizeRoles(app, { usePrecreatedRoles: names });
  }
  const stack = new Stack(app, 'Pipeline');
  construct({ stack, ...created(new Stack(app, 'Shared')) });
  return { stack, roles: app.node.findAll().flatMap((child) => (child instanceof iam.Role ? [child.node.path] : [])) };
}

describe('with roles that are created beforehand (Role.customizeRoles)', () => {
  test.each([
    ...Object.entries(required),
    ...Object.entries(everything).map(([name, one]): [string, Build] => [`${name} with everything`, one]),
    ['Worker with a task role of another stack', ofAnotherStack] as const,
  ])('%s has no roles and no policies of roles', (_, construct) => {
    const { roles } = build(construct);
    const names = Object.fromEntries(roles.map((path, index) => [path, `role-${index}`]));

    const template = Template.fromStack(build(construct, names).stack);

    for (const type of ['Role', 'Policy', 'ManagedPolicy', 'RolePolicy']) {
      template.resourceCountIs(`AWS::IAM::${type}`, 0);
    }
  });
});
