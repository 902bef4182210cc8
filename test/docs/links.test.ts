import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pages, read, root } from './pages';

const withoutCode = (text: string) =>
  text.replace(/^(```|~~~).*?^\1/gms, '').replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ' '));

/** The anchor that GitHub and VitePress make of a heading. */
function slug(heading: string): string {
  const text = heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*]/g, '')
    .trim()
    .toLowerCase();
  return text.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
}

function anchors(file: string): Set<string> {
  const text = readFileSync(file, 'utf8').replace(/^(```|~~~).*?^\1/gms, '');
  return new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => slug(heading)));
}

/** Pages that a registry shows, too, where a relative link leads nowhere. */
const PUBLISHED = ['README.md', 'src/runtime/README.md', 'local/README.md', 'cli/README.md'];
const OURS =
  /^https:\/\/(?:github\.com\/fileworks\/cdk-fileworks\/(?:blob|tree)|raw\.githubusercontent\.com\/fileworks\/cdk-fileworks)\/main\//;

/** Every link of a page, pictures included. */
const linksOf = (page: string) => [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);

/** Where a page links to inside the repository: an absolute link to it is read as a link from the root. */
const targetsOf = (page: string): string[] =>
  linksOf(page)
    .map((target) => target.replace(OURS, relative(dirname(page), '.').replace(/^$/, '.') + '/'))
    .filter((target) => !/^[a-z]+:/.test(target));

/** What is wrong with the links of a page, in words. */
function deadLinks(page: string): string[] {
  return targetsOf(page).flatMap((target) => {
    const [path, anchor = ''] = target.split('#');
    const file = path === '' ? join(root, page) : join(root, dirname(page), decodeURIComponent(path));
    if (!existsSync(file)) {
      return [`${page}: no file for ${target}`];
    }
    if (relative(root, file).startsWith('..')) {
      return [`${page}: ${target} is outside the repository`];
    }
    if (anchor === '' || !statSync(file).isFile() || !file.endsWith('.md')) {
      return [];
    }
    return anchors(file).has(anchor) ? [] : [`${page}: no heading for ${target}`];
  });
}

describe('the Markdown of the repository', () => {
  test('has pages, with links', () => {
    expect(pages.length).toBeGreaterThan(30);
  });

  test('has no dead link, to a file or to a heading', () => {
    expect(pages.flatMap(deadLinks)).toEqual([]);
  });

  test.each(PUBLISHED)('has absolute links only where a registry shows the page: %s', (page) => {
    expect(linksOf(page).filter((target) => !/^https:/.test(target))).toEqual([]);
  });

  test('leads from README.md to every page of docs/', () => {
    const reached = new Set<string>();
    const visit = (page: string) => {
      if (reached.has(page) || !pages.includes(page)) {
        return;
      }
      reached.add(page);
      for (const target of targetsOf(page)) {
        visit(relative(root, resolve(root, dirname(page), decodeURIComponent(target.split('#')[0]))));
      }
    };
    visit('README.md');
    expect(pages.filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([]);
  });
});
