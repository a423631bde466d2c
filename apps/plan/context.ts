import { LABELS } from '../../naming';
import type { ObjectChange } from './diff';
import type { Finding, Risk, Section } from './model';
import { folderOf, label, type K8sObject, type RenderedTree } from './tree';

/** What of a node a tree holds: pods, none at the moment, disks only, nothing. */
export type NodeState = 'running' | 'stopped' | 'retired' | 'absent';

export interface NodeChange {
  readonly cluster: string;
  readonly network: string;
  readonly node: string;
  readonly before: NodeState;
  readonly after: NodeState;
  /** Whether one of its components can sign, in either tree. */
  readonly signs: boolean;
}

/** What rules look up beside the object that they judge. */
export class Context {
  private readonly known = new Map<string, NodeChange>();

  constructor(
    readonly base: RenderedTree,
    readonly head: RenderedTree,
  ) {}

  /** The node that a change belongs to; undefined for what belongs to the cluster. */
  nodeOf(change: ObjectChange): NodeChange | undefined {
    if (change.node === undefined || change.network === undefined) return undefined;
    const id = `${folderOf(change.file)}\0${change.network}\0${change.node}`;
    let node = this.known.get(id);
    if (!node) this.known.set(id, (node = new LazyNode(change.id.cluster, change.network, change.node, this, change)));
    return node;
  }

  /** The objects of some kinds that a tree has in the same folder as the changed one. */
  beside(change: ObjectChange, tree: 'base' | 'head', ...kinds: readonly string[]): K8sObject[] {
    return this[tree].objectsIn(folderOf(change.file), kinds);
  }
}

/** A release touches hundreds of nodes, and of most of them nobody asks in which state they are: read on demand. */
class LazyNode implements NodeChange {
  private read: Pick<NodeChange, 'before' | 'after' | 'signs'> | undefined;

  constructor(
    readonly cluster: string,
    readonly network: string,
    readonly node: string,
    private readonly context: Context,
    private readonly change: ObjectChange,
  ) {}

  get before(): NodeState {
    return this.states.before;
  }

  get after(): NodeState {
    return this.states.after;
  }

  get signs(): boolean {
    return this.states.signs;
  }

  private get states(): Pick<NodeChange, 'before' | 'after' | 'signs'> {
    if (!this.read) {
      const of = (tree: 'base' | 'head'): K8sObject[] => this.context.beside(this.change, tree, 'StatefulSet', 'PersistentVolumeClaim').filter((object) => label(object, 'node') === this.node);
      const [before, after] = [of('base'), of('head')];
      this.read = { before: stateOf(before), after: stateOf(after), signs: [...before, ...after].some((object) => object.metadata.labels?.[LABELS.signer] === 'true') };
    }
    return this.read;
  }
}

function stateOf(objects: readonly K8sObject[]): NodeState {
  const workloads = objects.filter(({ kind }) => kind === 'StatefulSet');
  if (workloads.some(({ spec }) => (spec as { replicas?: number }).replicas !== 0)) return 'running';
  if (workloads.length > 0) return 'stopped';
  return objects.some(({ kind }) => kind === 'PersistentVolumeClaim') ? 'retired' : 'absent';
}

/** A finding about a change's own place. */
export function finding(
  change: ObjectChange,
  section: Section,
  risk: Risk,
  code: string,
  what: string,
  more: { readonly refused?: boolean; readonly next?: string } = {},
): Finding {
  const { cluster, kind, namespace, name } = change.id;
  const subject = change.node ?? (namespace ? `${namespace}/${kind}/${name}` : `${kind}/${name}`);
  return { section, risk, code, what, network: change.network, cluster, subject, ...more };
}

/** A name without its node's: what all nodes of a kind have in common. */
export function generic(text: string, node: string | undefined): string {
  return node === undefined ? text : text.replaceAll(node, '<node>');
}

/** How a reader calls the object: `Service` of the `consensus`, `Service "x"`. */
export function called(change: ObjectChange): string {
  const { kind, name } = change.id;
  if (change.node === undefined) return `${kind} "${name}"`;
  const own = generic(name, change.node).replace(/-[0-9a-f]{10}$/, '-<digest>');
  return `${kind} "${own}"`;
}
