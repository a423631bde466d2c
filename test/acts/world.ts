import type { NodeTarget } from '../../acts/component';
import { inWords, type OnEvent } from '../../acts/events';
import type { KubeObject } from '../../kube/objects';
import { ANNOTATIONS, LABELS, networkNamespace } from '../../naming';
import { FakeCluster } from '../kube/cluster';
import type { Pod, StatefulSet } from '../kube/stateful-sets';

export const TARGET = { network: 'hoodi', node: 'hoodi-0' } as const satisfies NodeTarget;
export const SIGNER = 'hoodi-0-validator';
export const OTHER = 'hoodi-0-execution';

/** One node of two components, of which one signs, running and armed, with what happens told in words. */
export class NodeWorld {
  readonly cluster = new FakeCluster();
  readonly kube = this.cluster.kube({ timeoutSeconds: 1 });
  readonly said: string[] = [];
  readonly on: OnEvent = (event) => void this.said.push(inWords(event));

  constructor() {
    const namespace = networkNamespace(TARGET.network);
    this.cluster.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, component('execution'), component('validator', { [LABELS.signer]: 'true' }));
    this.settle();
  }

  set(name = SIGNER): StatefulSet {
    return this.cluster.find<StatefulSet>('StatefulSet', name)!;
  }
  pod(name = SIGNER): Pod | undefined {
    return this.cluster.find<Pod>('Pod', `${name}-0`);
  }
  partition(name = SIGNER): number | undefined {
    return this.set(name).spec.updateStrategy?.rollingUpdate?.partition;
  }
  hold(name = SIGNER): string | undefined {
    return this.set(name).metadata.annotations?.[ANNOTATIONS.hold];
  }
  mark(name = SIGNER): string | undefined {
    return this.pod(name)?.metadata.annotations?.['mark'];
  }

  /** A new template, as an apply leaves it. */
  applied(mark: string, ...names: readonly string[]): void {
    for (const name of names.length === 0 ? [SIGNER] : names) this.cluster.change('StatefulSet', name, (one) => ((one as unknown as StatefulSet).spec.template.metadata!.annotations = { mark }));
  }

  change(name: string, change: (set: { spec: StatefulSet['spec']; metadata: { annotations?: Record<string, string> } }) => void): void {
    this.cluster.change('StatefulSet', name, (one) => change(one as never));
  }

  /** Lets controllers and machines come to rest. */
  settle(): void {
    for (let tick = 0; tick < 8; tick += 1) this.cluster.pass();
  }

  /** `PATCH` requests, by the set that they change and what they write. */
  written(): string[] {
    return this.cluster.requests.filter(({ method }) => method === 'PATCH').map(({ path, body }) => `${path.split('/').at(-1)} ${JSON.stringify(body)}`);
  }
}

function component(name: string, more: Readonly<Record<string, string>> = {}): KubeObject {
  const labels = { [LABELS.network]: TARGET.network, [LABELS.node]: TARGET.node, [LABELS.component]: name, ...more };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: `${TARGET.node}-${name}`, namespace: networkNamespace(TARGET.network), labels, annotations: { [ANNOTATIONS.dataSchema]: '3' } },
    spec: { replicas: 1, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } }, template: { metadata: { labels, annotations: { mark: '1' } } } },
  } as KubeObject;
}

export const refusalOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'not refused',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
