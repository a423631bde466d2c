import { KubePriorityClass } from 'cdk8s-plus-27/lib/imports/k8s';
import { manifestOf, type Manifest } from '../../constructs/manifest';
import { PLATFORM_LABELS, priorityClassName } from '../../naming';

/**
 * Signers before other staking pods, both before pods without a class (0), and far below the system's own
 * (2,000,000,000 and up), whose network and storage daemons a signer can't run without. `preemptionPolicy: Never`: a staking
 * pod that finds no room waits; it never ends another signer to get it.
 */
export function priorityClasses(): readonly Manifest[] {
  return [
    priorityClass(true, 1_000_000, 'Staking pods that can sign with a validator key.'),
    priorityClass(false, 500_000, 'Staking pods that hold no validator key.'),
  ];
}

function priorityClass(signs: boolean, value: number, description: string): Manifest {
  return manifestOf(KubePriorityClass, {
    metadata: { name: priorityClassName(signs), labels: { ...PLATFORM_LABELS } },
    value,
    globalDefault: false,
    preemptionPolicy: 'Never',
    description,
  });
}
