import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';

const docs = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const source = 'https://github.com/fileworks/cdk-fileworks/blob/main';

const titleOf = (file: string) =>
  /^# (.+)$/m.exec(readFileSync(join(docs, file), 'utf8'))?.[1].replace(/`/g, '') ?? file;
const page = (file: string) => ({
  text: titleOf(file),
  link: `/${file.replace(/README\.md$/, '').replace(/\.md$/, '')}`,
});
/** Every page of a folder, so that a new one is on the site when it is in the folder. */
const pagesOf = (folder: string) =>
  readdirSync(join(docs, folder))
    .filter((file) => file.endsWith('.md') && file !== 'README.md')
    .sort()
    .map((file) => page(`${folder}/${file}`));

export default defineConfig({
  title: 'Fileworks',
  description: 'Files land in S3; every one of them is processed',
  cleanUrls: true,
  head: [['link', { rel: 'icon', href: 'data:,' }]], // none: browsers ask for one otherwise
  outDir: '../build/site',
  cacheDir: '../build/site-cache',
  rewrites: { 'README.md': 'index.md', 'operations/runbooks/README.md': 'operations/runbooks/index.md' },
  markdown: {
    config(md) {
      // the pages are read on GitHub too, where a link may lead to a source file: on the site it leads there
      const render =
        md.renderer.rules.link_open ??
        ((tokens, index, options, _env, self) => self.renderToken(tokens, index, options));
      md.renderer.rules.link_open = (tokens, index, options, env: { path: string }, self) => {
        const href = tokens[index].attrGet('href') ?? '';
        const [path, anchor] = href.split('#');
        const target =
          path === '' || /^[a-z]+:/.test(path)
            ? undefined
            : relative(docs, resolve(dirname(env.path), decodeURIComponent(path)));
        if (target?.endsWith('README.md') && !target.startsWith('..'))
          tokens[index].attrSet('href', `/${target.slice(0, -'README.md'.length)}`);
        else if (target?.startsWith('..'))
          tokens[index].attrSet(
            'href',
            `${source}/${relative('..', target)}${anchor === undefined ? '' : `#${anchor}`}`,
          );
        return render(tokens, index, options, env, self);
      };
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: 'https://github.com/fileworks/cdk-fileworks' }],
    sidebar: [
      { items: [{ text: 'Contents', link: '/' }, page('data-path.md')] },
      { text: 'Constructs', items: pagesOf('constructs') },
      { text: 'Runtime', items: pagesOf('runtime') },
      {
        text: 'Operations',
        items: [...pagesOf('operations'), page('performance.md'), page('security/threat-model.md')],
      },
      {
        text: 'Runbooks',
        collapsed: true,
        items: [page('operations/runbooks/README.md'), ...pagesOf('operations/runbooks')],
      },
      { text: 'Migration', items: pagesOf('migration') },
      { text: 'Decisions', collapsed: true, items: pagesOf('decisions') },
      { items: [page('glossary.md'), page('contributing.md'), page('newcomer-trials.md')] },
    ],
  },
});
