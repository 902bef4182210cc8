import type { CallRow, TemplateRow } from './row';

/** docs/local-cloud-limits.md. */
export function pageOf(calls: readonly CallRow[], templates: readonly TemplateRow[]): string {
  return `# Limits of the local cloud

The local cloud refuses what AWS refuses. Each row of these tables is a call or a template that \`local/test/limits\` sends to a running local cloud, with
AWS's error code. A template is refused before anything of the app is created; a value that only the deployment knows is checked when its resource is
created, and fails it. Requests to EventBridge, Scheduler, Step Functions, Lambda, CloudWatch Logs and IAM are checked against the whole API model of AWS
as well: required members, lengths, ranges, enums and patterns.

\`WRITE_DOCS=1 npm test -- local/test/limits\` writes this page.

## Calls

| Service | Limit | Refused call | Error | Status | AWS |
| --- | --- | --- | --- | --- | --- |
${calls.map(({ service, limit, call, error, status, page }) => line(service, limit, call, error, status || '–', link(page))).join('\n')}

## Templates

| Service | Limit | Refused template | Error | AWS |
| --- | --- | --- | --- | --- |
${templates.map(({ service, limit, template, error, page }) => line(service, limit, template, error, link(page))).join('\n')}
`;
}

const line = (...cells: readonly (string | number)[]) =>
  `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;

/** The last part of the address names the page. */
const link = (page: string) => `[${page.split('/').at(-1)?.replace('.html', '') ?? page}](${page})`;
