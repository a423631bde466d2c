import { NOT_ON_GKE } from '../parts/gke-node-pool';
import { eksIssuers, gkeClusters } from '../context/gcp';
import type { StackContext } from '../context';

/**
 * What the stacks leave out because nobody recorded it yet, and what no stack can do. Each names the file and the next step; none of them stops
 * synthesis, since the first apply is what makes most of them known.
 */
export function stackWarnings(context: StackContext, folder: string): string[] {
  return [...missingIssuers(context, folder), ...machineFeatures(context, folder), ...systemMachines(context, folder)];
}

function missingIssuers(context: StackContext, folder: string): string[] {
  const recorded = new Set(eksIssuers(context).map(({ name }) => name));
  return Object.values(context.fleet.clusters)
    .filter(({ name, cloud }) => cloud === 'aws' && !recorded.has(name))
    .map(({ name }) =>
      warning(
        `${folder}/observed/${name}.yaml`,
        `EKS cluster "${name}" has no recorded "oidcIssuer": stack "gcp-identities" leaves it out, and its programs have no identity on Google Cloud`,
        'missing-oidc-issuer',
        `Apply stack "${name}-cluster", then \`npm run record -- --cluster ${name}\`, and have the change reviewed.`,
      ),
    );
}

function machineFeatures({ fleet: { clusters } }: StackContext, folder: string): string[] {
  return gkeClusters(clusters).flatMap(({ name, pools }) =>
    pools.flatMap((pool) => {
      const open = pool.features.filter((feature): feature is keyof typeof NOT_ON_GKE => feature in NOT_ON_GKE);
      if (open.length === 0) return [];
      return [
        warning(
          `${folder}/clusters/${name}.yaml`,
          `pool "${pool.name}" promises ${open.join(' and ')}, which Terraform can't set up: ${open.map((feature) => NOT_ON_GKE[feature]).join('; ')}`,
          'machine-feature-by-hand',
          'Have a program of yours set it up on each machine of the pool before a node is placed there; docs/runbooks/new-region.md says what.',
        ),
      ];
    }),
  );
}

/** Never two of Gatekeeper's three on one machine: with fewer machines its release is not ready, and rolled back. */
function systemMachines({ fleet: { clusters, infrastructure } }: StackContext, folder: string): string[] {
  return Object.values(clusters).flatMap(({ name, cloud, zones }) => {
    const machines = zones.length * infrastructure[cloud].systemPool.machinesPerZone;
    if (machines >= GATEKEEPER_REPLICAS) return [];
    return [
      warning(
        `${folder}/infrastructure.yaml`,
        `cluster "${name}" has ${machines} system machines, and Gatekeeper needs ${GATEKEEPER_REPLICAS}: stack "${name}-add-ons" will fail`,
        'too-few-system-machines',
        `Raise ${cloud}.systemPool.machinesPerZone, or give the cluster more zones.`,
      ),
    ];
  });
}

const GATEKEEPER_REPLICAS = 3;

const warning = (file: string, message: string, code: string, next: string): string => `${file}: warning: ${message} [${code}]\n  next: ${next}`;
