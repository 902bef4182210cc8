import { Annotations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Attaches a warning that a user can acknowledge by its id, `cdk-fileworks:<Construct>.<reason>`. Ids are public. */
export function warn(scope: IConstruct, id: string, message: string): void {
  Annotations.of(scope).addWarningV2(`cdk-fileworks:${id}`, message);
}
