import type { Plan } from '../../apps/plan/model';
import { edited, GETH, golden, planOf } from './trees';

/** A change of the golden fleet that has something of everything: what docs/plan.md shows. */
export function example(): Plan {
  const set = (path: string, kind: string, change: Parameters<typeof edited>[3], name?: string) => (files: typeof golden) => edited(files, `${GETH}/${path}`, kind, change, name);
  const steps = [
    set('execution.yaml', 'StatefulSet', (object) => {
      object.metadata.annotations['stockade.dev/client-version'] = 'v1.16.7';
      const [client] = (object['spec'] as { template: { spec: { containers: { image: string; args: string[] }[] } } }).template.spec.containers;
      client!.image = 'registry.example.com/geth:v1.16.7';
    }),
    set('execution.yaml', 'PersistentVolumeClaim', (object) => ((object['spec'] as { resources: { requests: { storage: string } } }).resources.requests.storage = '900Gi')),
    set('validator.yaml', 'NetworkPolicy', (object) => (object['spec'] as { ingress: object[] }).ingress.push({ ports: [{ port: 7500, protocol: 'TCP' }] })),
    set('validator.yaml', 'PersistentVolumeClaim', (object) => ((object['spec'] as { storageClassName: string }).storageClassName = 'fast')),
  ];
  return planOf(golden, steps.reduce((files, step) => step(files), golden));
}
