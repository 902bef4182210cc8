// A flow as a graph of Graphviz: a box for each construct, dead letters dashed.
// The picture brings its own light ground, so that it reads the same on a dark page.
import type { Arrow, Flow, Part } from './flow.ts';

const fills: Record<string, string> = {
  bucket: '#d9f2e3',
  rule: '#fde2ec',
  schedule: '#fde2ec',
  queue: '#fff0cc',
  function: '#ffe1c7',
  tasks: '#ffe1c7',
  builds: '#ffe1c7',
  'state machine': '#fde2ec',
  table: '#dbe7ff',
  database: '#dbe7ff',
  topic: '#eadcff',
  alarms: '#f8d7d7',
};
const shapes: Record<string, string> = { bucket: 'folder', table: 'cylinder', database: 'cylinder' };
const lines: Record<Arrow['style'], string> = {
  flow: 'color="#334155" penwidth=1.4',
  failure: 'color="#b91c1c" style=dashed',
  use: 'color="#64748b" style=dotted penwidth=1.2',
};

const quote = (text: string) => JSON.stringify(text);

function node({ id, kind, label }: Part): string {
  const text = label.toLowerCase().endsWith(kind.replace(' ', '')) || kind === 'alarms' ? label : `${label}\n${kind}`;
  return `${quote(id)} [label=${quote(text)} fillcolor="${fills[kind]}" shape=${shapes[kind] ?? 'box'}]`;
}

export function renderDot({ parts, arrows }: Flow): string {
  const constructs = [...new Set(parts.map(({ construct }) => construct))];
  const boxes = constructs.map((construct, i) => {
    const its = parts.filter((part) => part.construct === construct);
    if (construct === '') {
      return its.map(node).join('\n');
    }
    if (its.length === 1) {
      return node({ ...its[0], label: construct });
    }
    const nodes = its.map(node).join('\n');
    return `subgraph cluster_${i} { label=${quote(construct)} style="rounded" color="#94a3b8" fontcolor="#334155"\n${nodes}\n}`;
  });
  return `digraph {
rankdir=LR bgcolor="#f8fafc" pad=0.3 nodesep=0.25 ranksep=0.6 fontname="Helvetica,Arial,sans-serif" fontsize=13
node [style=filled fontname="Helvetica,Arial,sans-serif" fontsize=11 color="#475569" fontcolor="#0f172a" margin="0.14,0.08"]
edge [arrowsize=0.7]
${boxes.join('\n')}
${arrows.map(({ from, to, style }) => `${quote(from)} -> ${quote(to)} [${lines[style]}]`).join('\n')}
}`;
}
