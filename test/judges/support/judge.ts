// A judge is a program of others that reads what we generate. It finds nothing, but for what its file of suppressions
// gives a reason for.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export interface Finding {
  readonly rule: string;
  /** The file, or the template and the resource. */
  readonly where: string;
  readonly message: string;
}

type Findings = Finding[] | Promise<Finding[]>;

interface Suppression {
  readonly rule: string;
  /** Regular expressions. Default: everywhere, and every message. */
  readonly where?: string;
  readonly message?: string;
  readonly reason: string;
}

export interface Suppressions {
  /** A change may lower this number, not raise it. */
  readonly allowed: number;
  readonly suppressions: readonly Suppression[];
}

const covers = ({ rule, where = '', message = '' }: Suppression, finding: Finding) =>
  rule === finding.rule && new RegExp(where).test(finding.where) && new RegExp(message).test(finding.message);

/** What is wrong with the findings and the suppressions of a judge: sentences. */
export function problems(findings: readonly Finding[], { allowed, suppressions }: Suppressions): string[] {
  const open = findings.filter((finding) => !suppressions.some((suppression) => covers(suppression, finding)));
  const unneeded = suppressions.filter((suppression) => !findings.some((finding) => covers(suppression, finding)));
  return [
    ...new Set(open.map(({ rule, where, message }) => `${rule} in ${where}: ${message}`)),
    ...unneeded.map(({ rule, where }) => `the suppression of ${rule} in ${where ?? 'all'} is not needed: remove it`),
    ...suppressions.filter(({ reason }) => reason === '').map(({ rule }) => `the suppression of ${rule} has no reason`),
    ...(suppressions.length === allowed
      ? []
      : [`${suppressions.length} suppressions, and ${allowed} are allowed: remove some, or lower the number`]),
  ];
}

/**
 * Tests that a judge finds nothing more in what we generate, and that it finds a known fault: one that ran on nothing
 * would find nothing as well.
 */
export function judge(name: string, sides: { readonly find: () => Findings; readonly fault: () => Findings }): void {
  const file = resolve('test/judges/suppressions', `${name}.json`);
  const accepted = JSON.parse(readFileSync(file, 'utf8')) as Suppressions;
  describe(name, () => {
    it('finds a known fault', async () => {
      expect(await sides.fault()).not.toEqual([]);
    }, 300_000);

    it(`finds nothing that ${name}.json has no reason for, and needs each of its suppressions`, async () => {
      process.stdout.write(`${name}: ${accepted.suppressions.length} suppressions\n`);
      expect(problems(await sides.find(), accepted)).toEqual([]);
    }, 600_000);
  });
}
