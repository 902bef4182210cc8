import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import type { LocalCloud } from 'fileworks-local';

const namesOf = ({ account, region }: LocalCloud) =>
  ['deploy', 'file-publishing', 'image-publishing', 'lookup'].map(
    (name) => `cdk-hnb659fds-${name}-role-${account}-${region}`,
  );

/** The roles that `cdk bootstrap` makes in an account, without their own permissions. */
export async function bootstrap(cloud: LocalCloud): Promise<void> {
  const iam = new IAMClient(cloud.clientConfig());
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: cloud.account }, Action: 'sts:AssumeRole' }],
  };
  for (const RoleName of namesOf(cloud)) {
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) }));
  }
  iam.destroy();
}

/**
 * A program `npx` that stands for the CDK: it prints its folder and arguments, and assumes the bootstrap roles with the
 * credentials of its environment, as `cdk deploy` does first.
 */
export function writeCdk(folder: string, cloud: LocalCloud): void {
  const file = join(folder, 'npx');
  writeFileSync(
    file,
    `#!${process.execPath}
const { basename, dirname } = require('node:path');
const { AssumeRoleCommand, STSClient } = require(${JSON.stringify(require.resolve('@aws-sdk/client-sts'))});
console.log(basename(dirname(process.cwd())), 'npx', ...process.argv.slice(2));
const assume = async (name) => {
  const RoleArn = 'arn:aws:iam::${cloud.account}:role/' + name;
  await new STSClient({}).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'aws-cdk' }));
  console.log('assumed', name);
};
(async () => {
  for (const name of ${JSON.stringify(namesOf(cloud))}) await assume(name);
})();
`,
  );
  chmodSync(file, 0o755);
}
