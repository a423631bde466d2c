import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../chains';
import { FleetContext } from '../../apps/render/fleet-context';
import { renderNode } from '../../apps/render/render-node';
import { checkFleetFolder } from '../../model/check-folder';

const page = readFileSync('docs/architecture.md', 'utf8');

/** The blocks of the walk, each with the file that the text before it names last. */
function blocks(): { readonly file: string; readonly lines: readonly string[] }[] {
  const section = /## One node, from YAML to a file\n([\s\S]*?)\n## /.exec(page)![1]!;
  return [...section.matchAll(/([\s\S]*?)```yaml\n([\s\S]*?)```/g)].map(([, before, text]) => ({
    file: [...before!.matchAll(/`([^`]+\.yaml)`/g)].at(-1)![1]!,
    lines: text!.trimEnd().split('\n'),
  }));
}

/** Lines that a text does not have, in this order. */
function missing(lines: readonly string[], text: string): string[] {
  const rest = text.split('\n');
  return lines.filter((line) => {
    const at = rest.findIndex((one) => one === line || one.trim() === `- ${line.trim()}`);
    if (at >= 0) rest.splice(0, at + 1);
    return at < 0;
  });
}

function textOf(file: string): string {
  if (!file.startsWith('dist/')) return readFileSync(file, 'utf8');
  const { fleet } = checkFleetFolder('fleet', catalogue);
  const [, cluster, , name, component] = file.split('/');
  const node = fleet!.nodes.find((one) => one.cluster === cluster && one.name === name)!;
  return renderNode(new FleetContext(fleet!, catalogue), node).files.find((one) => one.name === component)!.text;
}

describe("the walk of one node's declaration", () => {
  it('quotes what is declared and rendered', () => {
    expect(blocks().map(({ file }) => file)).toHaveLength(3);
    expect(blocks().flatMap(({ file, lines }) => missing(lines, textOf(file)).map((line) => `${file} has no line "${line}" there`))).toEqual([]);
  });

  it('control: a line that is not there, or stands elsewhere, is seen', () => {
    const { file, lines } = blocks()[2]!;
    expect(missing([...lines, '  replicas: 2'], textOf(file))).toEqual(['  replicas: 2']);
    expect(missing([...lines].reverse(), textOf(file)).length).toBeGreaterThan(0);
  });
});
