import { LABELS } from '../../../naming';
import { called, finding, type Context } from '../context';
import type { ObjectChange, Unexplained } from '../diff';
import type { Finding } from '../model';

/** Disks: made once, grown, never deleted, never replaced. A PVC that goes missing while its node lives is refused. */
export function persistentVolumeClaim(change: ObjectChange, rest: Unexplained, context: Context): Finding[] {
  const { before, after } = change;
  const kind = (after ?? before)?.metadata.labels?.[LABELS.volumeKind] ?? 'unknown';
  const volume = `${change.component ?? ''} volume ${called(change).slice('PersistentVolumeClaim '.length)} (${kind})`.trim();
  if (!before) return added(change, volume, kind, context);
  if (!after) return removed(change, volume, kind, context);

  const findings: Finding[] = [];
  for (const { before: old, after: young } of rest.take('spec', 'resources', 'requests', 'storage')) {
    const [from, to] = [bytes(old), bytes(young)];
    if (from !== undefined && to !== undefined && to > from) {
      findings.push(finding(change, 'volumes', 'one-way', 'volume-grown', `${volume} grows from ${String(old)} to ${String(young)} at once, without a restart; a disk never shrinks again`));
    } else if (from === undefined || to !== from) {
      findings.push(
        finding(change, 'volumes', 'data loss', 'volume-shrunk', `${volume} would shrink from ${String(old)} to ${String(young)}: no API server accepts that, and a new disk would be empty`, {
          refused: true,
          next: 'Keep the size; for a smaller disk declare another node and retire this one.',
        }),
      );
    }
  }
  for (const { path, before: old, after: young } of rest.take('spec')) {
    const field = path.slice(1).join('.');
    findings.push(
      finding(change, 'volumes', 'data loss', `volume-${field === 'storageClassName' ? 'class' : 'field'}-changed`, `${field} of ${volume} changes from ${text(old)} to ${text(young)}: a PVC keeps it for good, and a new disk would be empty`, {
        refused: true,
        next: 'Leave it as it is; what new disks shall be like goes into another StorageClass, for other nodes.',
      }),
    );
  }
  for (const { before: old } of rest.take('metadata', 'annotations', 'helm.sh/resource-policy')) {
    if (old === 'keep') findings.push(finding(change, 'volumes', 'data loss', 'volume-not-kept', `${volume} is no longer kept when a Helm release is removed`));
  }
  for (const { before: old, after: young } of rest.take('metadata', 'labels', LABELS.volumeKind)) {
    findings.push(finding(change, 'volumes', 'second-signer risk', 'volume-kind-changed', `the kind of a ${change.component ?? ''} volume changes from ${text(old)} to ${text(young)}: policies guard signing state by this label`));
  }
  return findings;
}

/** StorageClasses: what new disks are like, and what becomes of a released one. */
export function storageClass(change: ObjectChange, rest: Unexplained): Finding[] {
  const name = called(change);
  if (!change.before) return [finding(change, 'policies', 'harmless', 'storage-class-added', `${name} is new`)];
  if (!change.after) return [finding(change, 'policies', 'interrupting', 'storage-class-removed', `${name} is removed: disks that exist stay, but none can be made or grown`)];
  const findings: Finding[] = [];
  for (const field of ['provisioner', 'parameters', 'reclaimPolicy', 'volumeBindingMode']) {
    const changed = rest.take(field);
    if (changed.length === 0) continue;
    const what = changed.map(({ path, before, after }) => `${path.join('.')} from ${text(before)} to ${text(after)}`).join(', ');
    findings.push(
      finding(change, 'policies', field === 'reclaimPolicy' ? 'data loss' : 'interrupting', 'storage-class-immutable', `${name} changes ${what}: no API server accepts that of a StorageClass that exists`, {
        refused: true,
        next: 'Make a StorageClass of another name for new disks, and leave this one.',
      }),
    );
  }
  const expansion = rest.take('allowVolumeExpansion');
  if (expansion.length > 0) findings.push(finding(change, 'policies', 'interrupting', 'storage-class-expansion', `${name}: disks ${change.after['allowVolumeExpansion'] ? 'may' : 'may no longer'} grow`));
  return findings;
}

/** The number of bytes of a Kubernetes quantity; undefined where it is none. */
export function bytes(quantity: unknown): number | undefined {
  const match = /^([0-9.]+)(Ki|Mi|Gi|Ti|Pi|Ei|m|k|M|G|T|P|E)?$/.exec(String(quantity));
  if (!match) return undefined;
  return Number(match[1]) * (match[2] === undefined ? 1 : FACTORS[match[2]]!);
}

const FACTORS: Readonly<Record<string, number>> = {
  m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
};

function added(change: ObjectChange, volume: string, kind: string, context: Context): Finding[] {
  const findings: Finding[] = [];
  const modes = ((change.after?.['spec'] as { accessModes?: unknown[] } | undefined)?.accessModes ?? []).map(String);
  if (modes.some((mode) => mode !== 'ReadWriteOncePod' && mode !== 'ReadWriteOnce')) {
    findings.push(
      finding(change, 'volumes', 'second-signer risk', 'volume-shared', `${volume} may be mounted by more than one machine (${modes.join(', ')})`, {
        refused: true,
        next: 'Use ReadWriteOncePod.',
      }),
    );
  } else if (modes.includes('ReadWriteOnce')) {
    findings.push(finding(change, 'exceptions', 'hardening', 'volume-once', `${volume} is ReadWriteOnce: a second pod on the same machine could mount it`));
  }
  // A new node's disks are part of its being new.
  if (context.nodeOf(change)?.before === 'absent') return findings;
  return [
    ...findings,
    kind === 'signing-state' || kind === 'unknown'
      ? finding(change, 'volumes', 'second-signer risk', 'volume-added', `${volume} is new and empty on a node that exists: what it has signed is not on it`)
      : finding(change, 'volumes', 'harmless', 'volume-added', `${volume} is new and empty`),
  ];
}

function removed(change: ObjectChange, volume: string, kind: string, context: Context): Finding[] {
  const node = context.nodeOf(change);
  if (kind === 'scratch' && node?.after !== 'absent') return [finding(change, 'volumes', 'harmless', 'volume-left', `${volume} is no longer declared; apply deletes no PVC, so it stays until data custodians delete it`)];
  if (node?.before === 'retired' && node.after === 'absent') {
    return [finding(change, 'volumes', 'data loss', 'volume-left', `${volume} of a retired node is no longer declared; apply deletes no PVC, so the disk stays, and nothing tells of it any more`)];
  }
  const renamed = context.beside(change, 'head', 'PersistentVolumeClaim').some(
    (other) => other.metadata.labels?.[LABELS.volumeKind] === kind && other.metadata.labels[LABELS.component] === change.component && other.metadata.labels[LABELS.node] === change.node,
  );
  return [
    finding(
      change,
      'volumes',
      'data loss',
      renamed ? 'volume-renamed' : 'volume-removed',
      renamed ? `${volume} gets another name: that is a new, empty disk, and the old one is left behind` : `${volume} is removed while its node ${node?.after === 'absent' ? 'is not retired' : 'lives'}`,
      { refused: true, next: renamed ? 'Keep the name: a name, once used, is a disk.' : 'Retire the node first (state: retired), in a change of its own; its disks stay declared until data custodians have deleted them.' },
    ),
  ];
}

const text = (value: unknown): string => (value === undefined ? 'nothing' : typeof value === 'string' ? `"${value}"` : JSON.stringify(value));
