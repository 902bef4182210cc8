// Opens every page of the built site in headless Chromium, in light and in dark: what does not load, and links that
// lead nowhere, end it with 1.
// A picture of each stays in build/screenshots/.
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, resolve } from 'node:path';
import type { AddressInfo } from 'node:net';
import { launch } from 'puppeteer-core';

const root = resolve(import.meta.dirname, '..');
const site = join(root, 'build', 'site');
const pictures = join(root, 'build', 'screenshots');
const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};
const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (browser === undefined)
  throw new Error('no Chromium on this machine: install the package chromium (apt-get install chromium)');

const server = createServer(({ url = '/' }, response) => {
  const path = join(site, decodeURIComponent(new URL(url, 'http://site').pathname));
  const file = [path, `${path}.html`, join(path, 'index.html')].find(
    (candidate) => existsSync(candidate) && extname(candidate) !== '',
  );
  response.writeHead(file === undefined ? 404 : 200, {
    'content-type': types[extname(file ?? '.html')] ?? 'application/octet-stream',
  });
  response.end(file === undefined ? '' : readFileSync(file));
});
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const pages = readdirSync(site, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.html') && file !== '404.html')
  .sort()
  .map((file) => `/${file.replace(/(index)?\.html$/, '')}`);
const problems: string[] = [];
const anchors = new Map<string, Set<string>>();
const links: { from: string; path: string; anchor: string }[] = [];

mkdirSync(pictures, { recursive: true });
// As root, in a container: it opens our own pages only
const chromium = await launch({ executablePath: browser, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
const tab = await chromium.newPage();
await tab.setViewport({ width: 1280, height: 900 });
let at = '';
tab.on('pageerror', (error) => problems.push(`${at}: ${String(error)}`));
tab.on('response', (response) => {
  if (response.status() >= 400) problems.push(`${at}: ${response.status()} for ${response.url()}`);
});

for (const scheme of ['light', 'dark']) {
  await tab.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  for (const page of pages) {
    at = `${page} (${scheme})`;
    await tab.goto(origin + page, { waitUntil: 'networkidle0', timeout: 60_000 });
    const seen = await tab.evaluate(() => ({
      ids: [...document.querySelectorAll('[id]')].map(({ id }) => id),
      links: [...document.querySelectorAll<HTMLAnchorElement>('a[href]')].map(({ href }) => href),
      heading: document.querySelector('main h1')?.textContent ?? '',
      broken: [...document.querySelectorAll<HTMLImageElement>('main img')]
        .filter((image) => image.naturalWidth === 0)
        .map(({ src }) => src),
      dark: document.documentElement.classList.contains('dark'),
    }));
    if (seen.heading === '') problems.push(`${at}: no heading`);
    if (seen.dark !== (scheme === 'dark')) problems.push(`${at}: is not ${scheme}`);
    problems.push(...seen.broken.map((src) => `${at}: picture ${src} does not load`));
    anchors.set(page, new Set(seen.ids));
    for (const href of seen.links.filter((link) => link.startsWith(origin))) {
      const { pathname, hash } = new URL(href);
      links.push({ from: page, path: pathname, anchor: decodeURIComponent(hash.slice(1)) });
    }
    await tab.screenshot({
      path: join(pictures, `${page.slice(1).replaceAll('/', '-') || 'index'}-${scheme}.png`),
      fullPage: true,
    });
  }
}
for (const { from, path, anchor } of links) {
  const ids = anchors.get(path);
  if (ids === undefined) problems.push(`${from}: no page ${path}`);
  else if (anchor !== '' && !ids.has(anchor)) problems.push(`${from}: no heading #${anchor} in ${path}`);
}
await chromium.close();
server.close();
for (const problem of new Set(problems)) console.error(problem);
console.log(
  `${pages.length} pages in light and dark, ${links.length} links, ${new Set(problems).size} problems; pictures in ${pictures}`,
);
process.exitCode = problems.length > 0 ? 1 : 0;
