import { readFileSync } from 'node:fs';
import type { Template } from 'fileworks-local/lib/deploy/assembly.js';
import { SimulatorError } from '../failure.ts';

/** A synthesized CloudFormation template. */
export type { Template };

export type Properties = Readonly<Record<string, unknown>>;

export function readTemplateFile(path: string): Template {
  let template: unknown;
  try {
    template = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new SimulatorError(
      `--template ${path} is not a readable JSON file (${(error as Error).message}); give a *.template.json of cdk.out, after \`cdk synth\``,
    );
  }
  if (typeof template !== 'object' || template === null || !('Resources' in template)) {
    throw new SimulatorError(`--template ${path} has no Resources; give a *.template.json of cdk.out`);
  }
  return template as Template;
}

/** Resources of one type, by logical id. */
export function resourcesOf(template: Template, type: string): [string, Properties][] {
  return Object.entries(template.Resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([id, resource]) => [id, resource.Properties ?? {}]);
}

/** Logical ids that a value refers to by Ref, Fn::GetAtt or Fn::Sub, in their order. */
export function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  if (Array.isArray(value)) {
    return value.flatMap(references);
  }
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    if (key === 'Ref') {
      return [String(inner)];
    }
    if (key === 'Fn::GetAtt') {
      return [String(Array.isArray(inner) ? inner[0] : inner).split('.')[0]];
    }
    if (key === 'Fn::Sub' && typeof inner === 'string') {
      return [...inner.matchAll(/\$\{([\w:]+)/g)].map((match) => match[1]);
    }
    return references(inner);
  });
}

/** A number, or the default of the parameter that it refers to. */
export function numberOf(template: Template, value: unknown, property: string): number | undefined {
  if (value === undefined) {
    return undefined;
  }
  const parameter = typeof value === 'object' && value !== null ? (value as { Ref?: string }).Ref : undefined;
  const number = Number(parameter === undefined ? value : template.Parameters?.[parameter]?.Default);
  if (!Number.isFinite(number)) {
    throw new SimulatorError(
      `${property} is ${JSON.stringify(value)}, which is unknown before deployment; synthesize the template with a number there`,
    );
  }
  return number;
}
