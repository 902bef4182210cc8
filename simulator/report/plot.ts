import type { MinuteRecord } from '../engine/service.ts';

/** One line of the plots. */
export interface PlottedRun {
  readonly name: string;
  readonly minutes: readonly MinuteRecord[];
}

interface Panel {
  readonly title: string;
  readonly value: (minute: MinuteRecord) => number;
}

const WIDTH = 960;
const LEFT = 64;
const RIGHT = 24;
const PANEL_HEIGHT = 190;
const PANEL_GAP = 56;
const TOP = 96;

const panels: readonly Panel[] = [
  { title: 'Visible messages', value: ({ visible }) => visible },
  { title: 'Running tasks', value: ({ running }) => running },
];

interface Theme {
  readonly page: string;
  readonly ink: string;
  readonly soft: string;
  readonly grid: string;
  /** Colours that colour-blind readers can distinguish; they repeat after the last one. */
  readonly lines: readonly string[];
}

const light: Theme = {
  page: '#ffffff',
  ink: '#1f2328',
  soft: '#59636e',
  grid: '#d8dee4',
  lines: ['#2a6fdb', '#d9480f', '#0b7a53', '#8b2fc9', '#6b6b00'],
};
const dark: Theme = {
  page: '#0d1117',
  ink: '#f0f6fc',
  soft: '#9198a1',
  grid: '#30363d',
  lines: ['#7db0ff', '#ff9f6b', '#5fd3a5', '#d19bff', '#d6d65c'],
};

/** The backlog and the running tasks over the day, one line for each run, as an SVG for light and dark pages. */
export function renderPlot(title: string, subtitle: string, runs: readonly PlottedRun[]): string {
  const height = TOP + panels.length * (PANEL_HEIGHT + PANEL_GAP);
  const minutes = Math.max(1, ...runs.map((run) => run.minutes.length));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escape(title)}">
<style>
text { font: 13px system-ui, sans-serif; } .title { font-size: 17px; font-weight: 600; } .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
${colours(light)}
@media (prefers-color-scheme: dark) {
${colours(dark)}
}
</style>
<rect class="page" width="${WIDTH}" height="${height}"/>
<text class="title" x="${LEFT}" y="30">${escape(title)}</text>
<text class="soft" x="${LEFT}" y="50">${escape(subtitle)}</text>
${legend(runs)}
${panels.map((panel, index) => renderPanel(panel, runs, minutes, TOP + index * (PANEL_HEIGHT + PANEL_GAP))).join('\n')}
</svg>
`;
}

/** Written out for each theme, because not every SVG viewer supports CSS variables. */
function colours({ page, ink, soft, grid, lines }: Theme): string {
  return [
    `.page { fill: ${page}; } text { fill: ${ink}; } .soft { fill: ${soft}; } .grid { stroke: ${grid}; }`,
    ...lines.map((line, index) => `.line.s${index} { stroke: ${line}; } .key.s${index} { fill: ${line}; }`),
  ].join('\n');
}

function legend(runs: readonly PlottedRun[]): string {
  let x = LEFT;
  return runs
    .map(({ name }, index) => {
      const item = `<rect class="key s${index % light.lines.length}" x="${x}" y="66" width="14" height="4" rx="2"/><text x="${x + 20}" y="72">${escape(name)}</text>`;
      x += 44 + name.length * 7.2;
      return item;
    })
    .join('');
}

function renderPanel({ title, value }: Panel, runs: readonly PlottedRun[], minutes: number, top: number): string {
  const step = niceStep(Math.max(1, ...runs.flatMap((run) => run.minutes.map(value))) / 4);
  const max = step * Math.ceil(Math.max(1, ...runs.flatMap((run) => run.minutes.map(value))) / step);
  const bottom = top + PANEL_HEIGHT;
  const y = (amount: number) => bottom - (amount / max) * (PANEL_HEIGHT - 22);
  const x = (minute: number) => LEFT + (minute / minutes) * (WIDTH - LEFT - RIGHT);
  const rows = Array.from({ length: Math.round(max / step) + 1 }, (_, index) => index * step);
  const hours = Array.from({ length: Math.floor(minutes / 180) + 1 }, (_, index) => index * 3);
  return [
    `<text x="${LEFT}" y="${top + 6}">${title}</text>`,
    ...rows.map(
      (amount) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(amount).toFixed(1)}" y2="${y(amount).toFixed(1)}"/><text class="soft" x="${LEFT - 8}" y="${(y(amount) + 4).toFixed(1)}" text-anchor="end">${amount.toLocaleString('en')}</text>`,
    ),
    ...hours.map(
      (hour) =>
        `<text class="soft" x="${x(hour * 60).toFixed(1)}" y="${bottom + 18}" text-anchor="middle">${hour} h</text>`,
    ),
    ...runs.map(
      (run, index) => `<path class="line s${index % light.lines.length}" d="${path(run.minutes.map(value), x, y)}"/>`,
    ),
  ].join('\n');
}

/** Steps, with points only where the value changes. */
function path(values: readonly number[], x: (minute: number) => number, y: (amount: number) => number): string {
  let d = `M${x(0).toFixed(1)} ${y(values.at(0) ?? 0).toFixed(1)}`;
  for (let minute = 1; minute < values.length; minute++) {
    if (values[minute] !== values[minute - 1]) {
      d += `H${x(minute).toFixed(1)}V${y(values[minute]).toFixed(1)}`;
    }
  }
  return `${d}H${x(values.length).toFixed(1)}`;
}

/** 1, 2 or 5 times a power of ten, at least `min`. */
function niceStep(min: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, min)));
  return ([1, 2, 5].find((factor) => factor * power >= min) ?? 10) * power;
}

const escape = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${String(character.charCodeAt(0))};`);
