import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { RUNBOOKS } from '../../src/constructs/private/alarm';
import { createEachConstruct } from '../support/each-construct';

const root = resolve(__dirname, '..', '..');
const folder = 'docs/operations/runbooks';
const runbooks = readdirSync(join(root, folder))
  .filter((file) => file !== 'README.md')
  .map((file) => file.replace(/\.md$/, ''))
  .sort();

function descriptions(stack: Stack): [string, string][] {
  const template = Template.fromStack(stack);
  const alarms = {
    ...template.findResources('AWS::CloudWatch::Alarm'),
    ...template.findResources('AWS::CloudWatch::CompositeAlarm'),
  };
  return Object.entries(alarms as Record<string, { Properties: { AlarmDescription?: string } }>).map(
    ([id, { Properties }]) => [id, Properties.AlarmDescription ?? ''],
  );
}

describe('the alarms of all constructs', () => {
  const found = descriptions(createEachConstruct());
  const linked = (description: string) =>
    new RegExp(`^.*[^.]\\. What to do: ${RUNBOOKS}/([a-z-]+)\\.md$`).exec(description)?.[1];

  it.each(found)('%s ends with a link to a runbook that exists', (_, description) => {
    expect(runbooks).toContain(linked(description));
  });

  it('need every runbook that there is', () => {
    expect([...new Set(found.map(([, description]) => linked(description)))].sort()).toEqual(runbooks);
  });

  it('are found in this repository by their link', () => {
    expect(RUNBOOKS.endsWith(`/blob/main/${folder}`)).toBe(true);
  });

  it('are made by one helper', () => {
    const sources = readdirSync(join(root, 'src', 'constructs'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const makers = sources.filter((file) =>
      /new (\w+\.)?Alarm\(/.test(readFileSync(join(root, 'src', 'constructs', file), 'utf8')),
    );
    expect(makers).toEqual([join('private', 'alarm.ts')]);
  });

  it('are listed in the index of the runbooks', () => {
    const index = readFileSync(join(root, folder, 'README.md'), 'utf8');
    expect([...index.matchAll(/\(([a-z-]+)\.md\)/g)].map(([, name]) => name).sort()).toEqual(runbooks);
  });
});
