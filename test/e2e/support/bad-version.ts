import { fileworks } from '../../../cli/test/support/command';
import { secondVersion, type Template } from './second-version';

/**
 * Starts `program` of any version but two: a crashing one exits at its start, a hanging one does nothing.
 *
 * @param seconds how long each task takes at least, for a deployment in the middle of its work
 */
export const breakable = (program: string, seconds = 2) => [
  '/bin/sh',
  '-c',
  `case "$VERSION" in crashing) exit 1;; hanging) exec sleep 3600;; esac; sleep ${seconds}; exec ${program}`,
];

export const crashing = (app: string) => secondVersion(app, { version: 'crashing' });
export const hanging = (app: string) => secondVersion(app, { version: 'hanging' });

/** A version in which the role with this logical id may no longer do `action`. */
export const denied = (app: string, role: RegExp, action: string) =>
  secondVersion(app, { version: 'denied', change: (template) => deny(template, role, action) });

/** What an operator does after a rollback, as the page about deployments says. */
export async function operator(stack: string, ...args: readonly string[]): Promise<string> {
  const { code, out, err } = await fileworks(['--stack', stack, ...args]);
  if (code !== 0) {
    throw new Error(`fileworks ${args.join(' ')} ended with ${code}: ${err}`);
  }
  return out;
}

interface Policy {
  readonly Roles?: readonly { readonly Ref: string }[];
  readonly PolicyDocument: { Statement: readonly { readonly Action: string | readonly string[] }[] };
}

function deny({ Resources: resources }: Template, role: RegExp, action: string): void {
  let left = 0;
  for (const { Type: type, Properties: properties } of Object.values(resources)) {
    const { Roles: roles = [], PolicyDocument: document } = (
      type === 'AWS::IAM::Policy' ? properties : {}
    ) as Partial<Policy>;
    if (document === undefined || !roles.some(({ Ref: id }) => role.test(id))) {
      continue;
    }
    document.Statement = document.Statement.filter(({ Action: actions }) => {
      const denies = [actions].flat().includes(action);
      left += Number(denies);
      return !denies;
    });
  }
  if (left === 0) {
    throw new Error(`no role like ${role} is allowed ${action}`);
  }
}
