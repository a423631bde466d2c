import { describe, expect, it } from 'vitest';
import { exampleStacks, repositoryFile } from './stacks';

const stacks = exampleStacks();

/** What the example fleet's infrastructure is made of, by Terraform's types: what a bill has lines for. */
const COUNTED = {
  aws: {
    'EKS control planes': 'aws_eks_cluster',
    'managed node groups': 'aws_eks_node_group',
    'NAT gateways': 'aws_nat_gateway',
    'public IPv4 addresses that stay': 'aws_eip',
    'KMS keys': 'aws_kms_key',
    'flow logs': 'aws_flow_log',
    'buckets': 'aws_s3_bucket',
  },
} as const;

const count = (type: string): number => stacks.stacks.reduce((sum, { id }) => sum + stacks.resources(id, type).length, 0);

/** Machines of EKS by their type; boot disks beside them, in GiB. */
function machines(): { readonly byType: ReadonlyMap<string, number>; readonly publicAddresses: number; readonly bootGiB: number } {
  const byType = new Map<string, number>();
  let [publicAddresses, bootGiB] = [0, 0];
  for (const { id } of stacks.stacks.filter(({ cloud, kind }) => cloud === 'aws' && kind === 'cluster')) {
    for (const group of stacks.resources(id, 'aws_eks_node_group')) {
      const template = stacks.stack(id).resource!['aws_launch_template']![(group['launch_template'].id as string).split('.')[1]!]!;
      const machines = group['scaling_config'].desired_size as number;
      const type = template['instance_type'] as string;
      byType.set(type, (byType.get(type) ?? 0) + machines);
      if (template['network_interfaces'][0].associate_public_ip_address === 'true') publicAddresses += machines;
      bootGiB += machines * (template['block_device_mappings'][0].ebs.volume_size as number);
    }
  }
  return { byType, publicAddresses, bootGiB };
}

/** The rows of docs/costs.md, as the stacks have them now. */
function rows(): string[] {
  const { byType, publicAddresses, bootGiB } = machines();
  const balancers = stacks.stacks.flatMap(({ cluster, kind, cloud }) => (cloud === 'aws' && kind === 'network' ? stacks.context.demands[cluster!]!.ports.filter(({ via }) => via === 'loadBalancer') : [])).length;
  return [
    ...Object.entries(COUNTED.aws).map(([what, type]) => `| ${what} | ${count(type)} |`),
    `| network load balancers | ${balancers} |`,
    ...[...byType].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, machines]) => `| machines of type ${type} | ${machines} |`),
    `| public IPv4 addresses of machines | ${publicAddresses} |`,
    `| boot disks, GiB | ${bootGiB} |`,
  ];
}

describe('docs/costs.md', () => {
  const page = repositoryFile('docs', 'costs.md');

  it.each(rows())('counts what the stacks have: %s', (row) => expect(page.split('\n')).toContain(row));

  it('counts nothing else in that table', () => {
    const table = page.slice(page.indexOf('## Amazon'), page.indexOf('## What drives'));
    expect(table.split('\n').filter((line) => /^\|.*\| \d+ \|$/.test(line)).sort()).toEqual(rows().sort());
  });

  it('invents no price', () => expect(page).not.toMatch(/[$€]\s?\d|\d\s?(USD|EUR|dollars?)\b/));
});
