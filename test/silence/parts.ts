import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** A resource of a reference deployment. */
export interface Part {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Every resource of a template. */
export function partsIn(stack: string, template: object): Part[] {
  const { Resources: resources } = template as { Resources: Record<string, Resource> };
  return Object.entries(resources).map(([logicalId, { Type: type, Properties: properties = {} }]) => ({
    stack,
    logicalId,
    type,
    properties,
  }));
}

/** Every resource of a synthesized app. */
export function partsOf(app: string): Part[] {
  return readdirSync(app)
    .filter((file) => file.endsWith('.template.json'))
    .toSorted()
    .flatMap((file) =>
      partsIn(file.replace(/\.template\.json$/, ''), JSON.parse(readFileSync(join(app, file), 'utf8')) as object),
    );
}

/** The logical id without the hash of the CDK. */
export const nameOf = ({ logicalId }: Part): string => logicalId.replace(/[0-9A-F]{8}$/, '');

/** Alarms that notify an operator: those that only scale have actions too. */
export const notifies = ({ type, properties }: Part): boolean =>
  type === 'AWS::CloudWatch::Alarm' &&
  ((properties['AlarmActions'] ?? []) as unknown[]).length > 0 &&
  !String(properties['AlarmDescription']).endsWith('worker-scaling.md');

/** The logical id in `Ref` or `Fn::GetAtt`. */
export function referenced(value: unknown): string {
  const { Ref: ref, 'Fn::GetAtt': attribute } = value as { Ref?: string; 'Fn::GetAtt'?: [string, string] };
  return ref ?? attribute?.[0] ?? '';
}
