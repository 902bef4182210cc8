// THIRD-PARTY-NOTICES: the licences of what the Lambda bundles hold, each text once, with the packages that it is for.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BundledPackage } from './bundled-packages.ts';

const head = `cdk-fileworks ships Lambda functions (below assets/) that hold code of the packages named here, each under its own licence.
This file is written with the bundles (\`npm run bundle\`).
`;
const line = '-'.repeat(100);

/** The texts that a package brings; some bring none and only name their licence. */
function textOf({ folder, license, author }: BundledPackage): string {
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|notice|copying)(\.|$)/i.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  const by = typeof author === 'string' ? author : author?.name;
  return texts.length > 0
    ? texts
        .join('\n\n')
        .replace(/\r\n/g, '\n')
        .replace(/[ \t]+$/gm, '')
    : `The package names its licence, ${license}${by === undefined ? '' : `, and its author, ${by}`}, and brings no text of it.`;
}

export function renderNotices(packages: readonly BundledPackage[]): string {
  const byText = new Map<string, BundledPackage[]>();
  for (const one of packages) {
    byText.set(textOf(one), [...(byText.get(textOf(one)) ?? []), one]);
  }
  const blocks = [...byText].map(
    ([text, its]) =>
      `${line}\n${its.map(({ name, version, license }) => `${name} ${version} (${license})`).join('\n')}\n\n${text}\n`,
  );
  return [head, ...blocks].join('\n');
}
