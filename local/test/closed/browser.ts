// Opens a page in headless Chromium and prints its `window.result`: node browser.ts <url> <directory for the browser>
// The binary and its libraries are inflated from the package `@sparticuz/chromium` into that directory, once.
import { mkdirSync } from 'node:fs';
import puppeteer from 'puppeteer-core';

const [url = '', directory = ''] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });
// The package inflates into the temporary directory, and its own libraries only where it thinks to run on Lambda.
Object.assign(process.env, { TMPDIR: directory, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' });
const { default: chromium } = await import('@sparticuz/chromium');
const browser = await puppeteer.launch({
  executablePath: process.env['PUPPETEER_EXECUTABLE_PATH'] ?? (await chromium.executablePath()),
  // No sandbox, because root has none. The flags of the package would switch off the rules that are tested here.
  args: ['--no-sandbox'],
  headless: 'shell',
});
try {
  const page = await browser.newPage();
  await page.goto(url);
  const result = await page.waitForFunction('window.result', { timeout: 90_000 });
  process.stdout.write(JSON.stringify({ browser: await browser.version(), ...((await result.jsonValue()) as object) }));
} finally {
  await browser.close();
}
