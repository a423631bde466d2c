import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { checkFleetFolder } from '../../model/check-folder';
import { renderFleet } from '../../apps/render/render-fleet';
import { catalogue } from '../../chains';
import { readTree } from '../golden/trees';
import { ofKind, parseYaml } from '../rendered';
import { ROOT } from './command';

interface Rule {
  readonly to?: readonly Peer[];
  readonly from?: readonly Peer[];
  readonly ports?: readonly { readonly port: number; readonly protocol: string }[];
}
interface Peer {
  readonly podSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly namespaceSelector?: unknown;
}

const key = (labels: Readonly<Record<string, string>> | undefined): string => JSON.stringify(Object.entries(labels ?? {}).sort());

it('what one node of the example fleet may call, the other lets in', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-peers-'));
  try {
    const { fleet } = checkFleetFolder(join(ROOT, 'fleet'), catalogue);
    await renderFleet(fleet!, catalogue, { out: join(folder, 'dist'), format: 'plain', version: '0.0.0' });
    const calls: string[] = [];
    const admitted = new Set<string>();
    for (const [path, text] of readTree(join(folder, 'dist'))) {
      const [cluster] = path.split('/');
      for (const { metadata, spec } of path.includes('/staking-') ? ofKind(parseYaml(text), 'NetworkPolicy') : []) {
        const { podSelector, ingress = [], egress = [] } = spec as { podSelector: { matchLabels: Record<string, string> }; ingress?: Rule[]; egress?: Rule[] };
        const pairs = (rules: readonly Rule[], side: 'to' | 'from'): [string, string][] =>
          rules.flatMap(({ ports = [], ...rule }) =>
            (rule[side] ?? []).flatMap((peer) =>
              peer.podSelector && !peer.namespaceSelector ? ports.map(({ port, protocol }): [string, string] => [key(peer.podSelector?.matchLabels), `${protocol} ${port}`]) : [],
            ),
          );
        const own = key(podSelector.matchLabels);
        for (const [other, port] of pairs(egress, 'to')) calls.push(`${cluster} ${metadata.namespace} ${own} -> ${other} ${port}`);
        for (const [other, port] of pairs(ingress, 'from')) admitted.add(`${cluster} ${metadata.namespace} ${other} -> ${own} ${port}`);
      }
    }
    expect(calls.length).toBeGreaterThan(100);
    expect(calls.filter((call) => !admitted.has(call))).toEqual([]);
    expect([...admitted].filter((call) => !calls.includes(call))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
