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

/** Where a page links to inside the repository, pictures included. */
function targetsOf(page: string): string[] {
  const text = withoutCode(read(page));
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

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
