import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Manifest } from '../../constructs/manifest';
import { manifestsOf, renderExample, type Example } from './example';

/** What a live API server refused once, kept as a fast test. */
let example: Example;
beforeAll(async () => {
  example = await renderExample();
});
afterAll(() => example?.remove());

interface Service extends Manifest {
  readonly spec: { readonly ports: readonly { readonly nodePort?: number }[] };
}

it('no two Services of a cluster ask for one node port: not for TCP and UDP either', () => {
  for (const cluster of Object.keys(example.fleet.clusters)) {
    const asked = manifestsOf(example, cluster)
      .nodes.filter((object): object is Service => object.kind === 'Service')
      .flatMap(({ metadata, spec }) => [...new Set(spec.ports.flatMap(({ nodePort = 0 }) => (nodePort ? [nodePort] : [])))].map((port) => ({ port, service: metadata.name })));
    const byPort = new Map<number, string[]>();
    for (const { port, service } of asked) byPort.set(port, [...(byPort.get(port) ?? []), service]);
    expect([cluster, [...byPort].filter(([, services]) => services.length > 1)]).toEqual([cluster, []]);
  }
});
