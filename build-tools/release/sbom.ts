// A CycloneDX SBOM for each npm package: what its users install with it and, for the one that ships Lambda bundles,
// what those hold.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundledPackages, lastMetafile } from '../bundled-packages.ts';
import { run } from '../steps.ts';

interface Component {
  readonly name: string;
  readonly version: string;
  readonly 'bom-ref': string;
  readonly type: string;
  readonly scope?: string;
}
interface Bom {
  metadata: { component: Component };
  components: Component[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

export function writeSboms(root: string, folders: readonly string[], outdir: string): void {
  mkdirSync(outdir, { recursive: true });
  // npm's own tool, which names a workspace by its folder, and by its own name only in its reference;
  // with the development dependencies, because the bundles are made of them
  const all = JSON.parse(
    run('listing the dependencies', 'npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only']),
  ) as Bom;
  const bundled = new Set(bundledPackages(lastMetafile(root)).map(({ name, version }) => `${name}@${version}`));
  for (const folder of folders) {
    const {
      name,
      version,
      dependencies = {},
    } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
      dependencies?: Record<string, string>;
    };
    const self = [...all.components, all.metadata.component].find(
      (component) => component['bom-ref'] === `${name}@${version}`,
    );
    if (self === undefined) {
      throw new Error(`npm sbom does not know ${name}@${version}`);
    }
    const refs = new Set<string>();
    const visit = (ref: string) => {
      if (refs.has(ref)) {
        return;
      }
      refs.add(ref);
      all.dependencies.find((entry) => entry.ref === ref)?.dependsOn.forEach(visit);
    };
    const direct = all.dependencies.find((entry) => entry.ref === self['bom-ref'])?.dependsOn ?? [];
    const named = (ref: string) => all.components.find((component) => component['bom-ref'] === ref)?.name ?? '';
    direct.filter((ref) => named(ref) in dependencies).forEach(visit);
    const components = all.components.filter(
      (component) =>
        refs.has(component['bom-ref']) || (folder === '.' && bundled.has(`${component.name}@${component.version}`)),
    );
    const kept = new Set(components.map((component) => component['bom-ref']));
    const own = { ...self, name, version, type: 'library' };
    const bom = {
      ...all,
      metadata: { ...all.metadata, component: own },
      components: components.map((component) => ({ ...component, scope: 'required' })),
      dependencies: [
        { ref: self['bom-ref'], dependsOn: folder === '.' ? [...kept] : direct.filter((ref) => kept.has(ref)) },
        ...all.dependencies
          .filter(({ ref }) => kept.has(ref))
          .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => kept.has(other)) })),
      ],
    };
    writeFileSync(join(outdir, `${name}-${version}.cdx.json`), `${JSON.stringify(bom, null, 2)}\n`);
  }
}
