// `npm run diagrams`: one picture for each reference deployment, docs/diagrams/<name>.svg, drawn from its synthesized
// template.
// `node build-tools/diagrams.ts <template.json>` prints the picture of one template.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { instance } from '@viz-js/viz';
import { flowOf } from './diagrams/flow.ts';
import { renderDot } from './diagrams/render-dot.ts';
import { synthExample } from './examples.ts';
import { root } from './steps.ts';

const viz = await instance();

function draw(templateFile: string): string {
  const dot = renderDot(flowOf(JSON.parse(readFileSync(templateFile, 'utf8')) as Parameters<typeof flowOf>[0]));
  // Sizes in points would be fixed: a viewBox alone lets a page choose
  return viz
    .renderString(dot, { format: 'svg' })
    .replace(/<\?xml[^>]*>\s*<!DOCTYPE[^>]*>\s*/, '')
    .replace(/<!--[\s\S]*?-->\n?/g, '');
}

const [templateFile = ''] = process.argv.slice(2);
if (templateFile !== '') {
  process.stdout.write(draw(templateFile));
} else {
  const folder = join(root, 'docs', 'diagrams');
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(join(root, 'examples', 'typescript'))) {
    const outdir = await synthExample('typescript', name, join(root, 'build', 'synth', 'typescript', name));
    const [template] = readdirSync(outdir)
      .filter((file) => file.endsWith('.template.json'))
      .sort();
    writeFileSync(join(folder, `${name}.svg`), draw(join(outdir, template)));
  }
}
