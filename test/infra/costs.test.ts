import { describe, expect, it } from 'vitest';
import { exampleStacks, repositoryFile } from './stacks';

const stacks = exampleStacks();

type Cloud = 'aws' | 'gcp';

/** What the example fleet's infrastructure is made of, by Terraform's types: what a bill has lines for. */
const COUNTED: Readonly<Record<Cloud, Readonly<Record<string, string>>>> = {
  aws: {
    'EKS control planes': 'aws_eks_cluster',
    'managed node groups': 'aws_eks_node_group',
    'NAT gateways': 'aws_nat_gateway',
    'public IPv4 addresses that stay': 'aws_eip',
    'KMS keys': 'aws_kms_key',
    'flow logs': 'aws_flow_log',
    'buckets': 'aws_s3_bucket',
  },
  gcp: {
    'GKE control planes': 'google_container_cluster',
    'node pools': 'google_container_node_pool',
    'NAT gateways': 'google_compute_router_nat',
    'public IPv4 addresses that stay': 'google_compute_address',
    'KMS keys': 'google_kms_crypto_key',
    'image repositories': 'google_artifact_registry_repository',
    'buckets': 'google_storage_bucket',
    'databases': 'google_sql_database_instance',
  },
};

interface Machines {
  readonly type: string;
  readonly machines: number;
  readonly isPublic: boolean;
  readonly bootGiB: number;
}

/** The machines of every pool of a cloud's clusters, as its stacks ask for them. */
function pools(cloud: Cloud): Machines[] {
  return stacks.stacks
    .filter((stack) => stack.cloud === cloud && stack.kind === 'cluster')
    .flatMap(({ id }) => (cloud === 'aws' ? nodeGroups(id) : nodePools(id)));
}

function nodeGroups(id: string): Machines[] {
  return stacks.resources(id, 'aws_eks_node_group').map((group) => {
    const template = stacks.stack(id).resource!['aws_launch_template']![(group['launch_template'].id as string).split('.')[1]!]!;
    return {
      type: template['instance_type'] as string,
      machines: group['scaling_config'].desired_size as number,
      isPublic: template['network_interfaces'][0].associate_public_ip_address === 'true',
      bootGiB: template['block_device_mappings'][0].ebs.volume_size as number,
    };
  });
}

function nodePools(id: string): Machines[] {
  return stacks.resources(id, 'google_container_node_pool').map(({ node_count: machines, node_config: config, network_config: network }) => ({
    type: config.machine_type as string,
    machines: machines as number,
    isPublic: network.enable_private_nodes === false,
    bootGiB: config.boot_disk.size_gb as number,
  }));
}

/** The rows of a cloud's table in docs/costs.md, as the stacks have them now. */
function rows(cloud: Cloud): string[] {
  const ofCloud = stacks.stacks.filter((stack) => stack.cloud === cloud);
  const count = (type: string): number => ofCloud.reduce((sum, { id }) => sum + stacks.resources(id, type).length, 0);
  const balancers = ofCloud.filter(({ kind }) => kind === 'network').flatMap(({ cluster }) => stacks.context.demands[cluster!]!.ports.filter(({ via }) => via === 'loadBalancer')).length;
  const byType = new Map<string, number>();
  for (const { type, machines } of pools(cloud)) byType.set(type, (byType.get(type) ?? 0) + machines);
  const sum = (of: (pool: Machines) => number): number => pools(cloud).reduce((total, pool) => total + of(pool), 0);
  return [
    ...Object.entries(COUNTED[cloud]).map(([what, type]) => `| ${what} | ${count(type)} |`),
    `| load balancers of nodes | ${balancers} |`,
    ...[...byType].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, machines]) => `| machines of type ${type} | ${machines} |`),
    `| public IPv4 addresses of machines | ${sum(({ isPublic, machines }) => (isPublic ? machines : 0))} |`,
    `| boot disks, GiB | ${sum(({ machines, bootGiB }) => machines * bootGiB)} |`,
  ];
}

describe('docs/costs.md', () => {
  const page = repositoryFile('docs', 'costs.md');

  it.each([
    ['aws', 'Amazon'],
    ['gcp', 'Google Cloud'],
  ] as const)('counts what the stacks of %s have, and nothing else', (cloud, title) => {
    const [, table = ''] = page.split(`\n## ${title}\n`);
    expect(table.split('\n## ')[0]!.split('\n').filter((line) => /^\|.*\| \d+ \|$/.test(line))).toEqual(rows(cloud));
    // The control: there is something to count.
    expect(pools(cloud).length).toBeGreaterThan(10);
  });
});
