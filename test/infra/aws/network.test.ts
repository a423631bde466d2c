import { describe, expect, it } from 'vitest';
import { blockOf, clusterSubnets } from '../../../infra/context/ranges';
import { p2pAddressName, publicSubnetName } from '../../../naming';
import {
  controlPlaneFirewallName,
  logsKeyName,
  machinesFirewallName,
  MANAGEMENT_NETWORK,
  MANAGEMENT_ROUTES,
  natAddressName,
  networkName,
  privatePoolFirewallName,
  privateSubnetName,
  publicPoolTag,
} from '../../../naming/clouds';
import { synthesize, type Attributes } from '../stacks';
import { EKS, nameOf, referred, stacks } from './clusters';

const { infrastructure } = stacks.context.fleet;

interface Opened {
  readonly protocol: string;
  readonly ports: string;
  readonly from: string;
}

describe.each(EKS)('the network of EKS cluster $name', (declared) => {
  const { name, zones } = declared;
  const id = `${name}-network`;
  const tagged = (type: string, tag: string): Attributes => {
    const found = stacks.resources(id, type).filter((one) => (one['tags'] as { Name?: string } | undefined)?.Name === tag);
    if (found.length !== 1) throw new Error(`${found.length} of ${type} are named ${tag}`);
    return found[0]!;
  };
  const rules = stacks.resources(id, 'aws_vpc_security_group_ingress_rule');
  const opened = (group: string): Opened[] =>
    rules
      .filter((rule) => nameOf(stacks, id, rule['security_group_id'] as string) === group)
      .map((rule) => ({
        protocol: rule['ip_protocol'] as string,
        ports: rule['from_port'] === undefined ? 'all' : rule['from_port'] === rule['to_port'] ? String(rule['from_port']) : `${rule['from_port']}-${rule['to_port']}`,
        from: (rule['cidr_ipv4'] as string | undefined) ?? nameOf(stacks, id, rule['referenced_security_group_id'] as string),
      }));

  it('is a VPC over the declared zones, each with a private and a public subnet by name', () => {
    expect(stacks.resource(id, 'aws_vpc')).toMatchObject({ cidr_block: declared.ranges.machines, enable_dns_support: true, enable_dns_hostnames: true });
    const subnets = stacks.resources(id, 'aws_subnet');
    expect(subnets.map((subnet) => (subnet['tags'] as { Name: string }).Name).sort()).toEqual(zones.flatMap((zone) => [privateSubnetName(name, zone), publicSubnetName(name, zone)]).sort());
    for (const zone of zones) {
      expect(tagged('aws_subnet', privateSubnetName(name, zone))).toMatchObject({ availability_zone: zone, map_public_ip_on_launch: false });
      expect(tagged('aws_subnet', publicSubnetName(name, zone))).toMatchObject({ availability_zone: zone });
    }
  });

  it('has subnets inside the VPC that don\'t overlap', () => {
    const bounds = stacks.resources(id, 'aws_subnet').map((subnet) => limits(subnet['cidr_block'] as string)).sort((a, b) => a[0] - b[0]);
    const [first, last] = limits(declared.ranges.machines);
    expect(bounds[0]![0]).toBeGreaterThanOrEqual(first);
    expect(bounds.at(-1)![1]).toBeLessThanOrEqual(last);
    for (let at = 1; at < bounds.length; at++) expect(bounds[at]![0]).toBeGreaterThan(bounds[at - 1]![1]);
  });

  it('has flow logs of all traffic, encrypted', () => {
    expect(stacks.resource(id, 'aws_flow_log')).toMatchObject({ traffic_type: 'ALL', log_destination_type: 'cloud-watch-logs' });
    const group = referred(stacks, id, stacks.resource(id, 'aws_flow_log')['log_destination'] as string);
    expect(group['retention_in_days']).toBe(90);
    const key = (group['kms_key_id'] as string).split('.')[1];
    const alias = stacks.resources(id, 'aws_kms_alias').find((one) => (one['target_key_id'] as string).split('.')[1] === key);
    expect(alias!['name']).toBe(`alias/${logsKeyName(name)}`);
  });

  it('has a NAT gateway in each zone, at an address that stays', () => {
    expect(stacks.resources(id, 'aws_nat_gateway')).toHaveLength(zones.length);
    for (const zone of zones) {
      const address = tagged('aws_eip', natAddressName(name, zone));
      expect(address['lifecycle']).toEqual({ prevent_destroy: true });
      const nat = tagged('aws_nat_gateway', natAddressName(name, zone));
      expect(nameOf(stacks, id, nat['subnet_id'] as string)).toBe(publicSubnetName(name, zone));
      expect(nameOf(stacks, id, nat['allocation_id'] as string)).toBe(natAddressName(name, zone));
    }
    expect(stacks.stack(id).output!['nat_addresses']!.value as string[]).toHaveLength(zones.length);
  });

  it('sends the private machines of a zone through the gateway of their zone, and only public ones straight out', () => {
    const associations = stacks.resources(id, 'aws_route_table_association');
    const routes = stacks.resources(id, 'aws_route').filter((route) => route['destination_cidr_block'] === '0.0.0.0/0');
    for (const zone of zones) {
      for (const [subnet, via] of [[privateSubnetName(name, zone), 'nat_gateway_id'], [publicSubnetName(name, zone), 'gateway_id']] as const) {
        const table = associations.find((one) => nameOf(stacks, id, one['subnet_id'] as string) === subnet)!['route_table_id'];
        const out = routes.filter((route) => route['route_table_id'] === table);
        expect(out, subnet).toHaveLength(1);
        expect(out[0]![via], subnet).toBeDefined();
        if (via === 'nat_gateway_id') expect(nameOf(stacks, id, out[0]![via] as string)).toBe(natAddressName(name, zone));
      }
    }
  });

  it('is reached from the management network, by routes that are written out both ways', () => {
    const { region, range } = infrastructure.aws.management;
    const peering = stacks.resource(id, 'aws_vpc_peering_connection');
    expect(nameOf(stacks, id, peering['peer_vpc_id'] as string)).toBe(MANAGEMENT_NETWORK);
    expect(peering['peer_region']).toBe(region);
    expect(stacks.resource(id, 'aws_vpc_peering_connection_accepter')).toMatchObject({ region, auto_accept: true });
    const peered = stacks.resources(id, 'aws_route').filter((route) => route['vpc_peering_connection_id'] !== undefined);
    const back = peered.filter((route) => route['destination_cidr_block'] === declared.ranges.machines);
    expect(back.map((route) => [nameOf(stacks, id, route['route_table_id'] as string), route['region']])).toEqual([[MANAGEMENT_ROUTES, region]]);
    expect(peered.filter((route) => route['destination_cidr_block'] === range)).toHaveLength(zones.length);
    expect(peered).toHaveLength(zones.length + 1);
  });

  it('opens the control plane to its machines, the management network and what the fleet declares', () => {
    expect(opened(controlPlaneFirewallName(name)).map(({ protocol, ports }) => `${protocol}/${ports}`)).toEqual(new Array(3 + infrastructure.authorizedNetworks.length).fill('tcp/443'));
    expect(opened(controlPlaneFirewallName(name)).map(({ from }) => from).sort()).toEqual(
      [machinesFirewallName(name, 'private'), machinesFirewallName(name, 'public'), infrastructure.aws.management.range, ...infrastructure.authorizedNetworks.map(({ range }) => range)].sort(),
    );
  });

  it('lets the control plane ask kubelets and webhooks', () => {
    const from = controlPlaneFirewallName(name);
    expect(opened(machinesFirewallName(name, 'private')).filter((rule) => rule.from === from).map(({ ports }) => ports).sort()).toEqual(['10250', '8443', '9443']);
    expect(opened(machinesFirewallName(name, 'public')).filter((rule) => rule.from === from).map(({ ports }) => ports)).toEqual(['10250']);
  });

  it('keeps public machines from kubelets and system ports of private ones', () => {
    const from = machinesFirewallName(name, 'public');
    const open = opened(machinesFirewallName(name, 'private')).filter((rule) => rule.from === from);
    expect(open.map(({ protocol, ports }) => `${protocol}/${ports}`).sort()).toEqual(['tcp/1024-10249', 'tcp/10260-65535', 'tcp/53', 'udp/1024-10249', 'udp/10260-65535', 'udp/53']);
  });

  it('opens exactly the declared ports to the world, pool by pool', () => {
    const demand = stacks.context.demands[name]!;
    for (const pool of declared.pools) {
      const group = (pool.exposure === 'public' ? publicPoolTag : privatePoolFirewallName)(name, pool.name);
      const world = opened(group).filter(({ from }) => from === '0.0.0.0/0');
      const expected = demand.ports.filter((one) => one.pool === pool.name).flatMap(({ ports }) => ports.map(({ port, protocol }) => `${protocol.toLowerCase()}/${port}`));
      const actual = world.flatMap(({ protocol, ports }) => {
        const [first, last = first] = ports.split('-').map(Number);
        return Array.from({ length: last! - first! + 1 }, (_, at) => `${protocol}/${first! + at}`);
      });
      expect([...new Set(actual)].sort(), pool.name).toEqual([...new Set(expected)].sort());
      expect(actual.length, pool.name).toBe(new Set(actual).size);
    }
  });

  it('opens to the world only what is on a pool', () => {
    const pools = declared.pools.map((pool) => (pool.exposure === 'public' ? publicPoolTag : privatePoolFirewallName)(name, pool.name));
    const open = rules.filter((rule) => rule['cidr_ipv4'] === '0.0.0.0/0');
    for (const rule of open) expect(pools).toContain(nameOf(stacks, id, rule['security_group_id'] as string));
  });

  it('lets load balancers ask after health from the public subnet of their zone', () => {
    for (const { pool, zone, via } of stacks.context.demands[name]!.ports.filter((one) => one.via === 'loadBalancer')) {
      expect(via).toBe('loadBalancer');
      const { exposure } = declared.pools.find((one) => one.name === pool)!;
      const { public: from } = clusterSubnets(declared.ranges, zones).find((one) => one.zone === zone)!;
      expect(opened((exposure === 'public' ? publicPoolTag : privatePoolFirewallName)(name, pool))).toContainEqual({ protocol: 'tcp', ports: '30000-32767', from });
    }
  });

  it('asks load balancers for ports that a machine opens by their number', () => {
    for (const { ports } of stacks.context.demands[name]!.ports.filter((one) => one.via === 'loadBalancer')) {
      for (const { port } of ports) expect(port >= 30000 && port <= 32767, String(port)).toBe(true);
    }
  });

  it('keeps an address for each component behind a load balancer, and records both its names', () => {
    const behind = stacks.context.demands[name]!.ports.filter((one) => one.via === 'loadBalancer');
    for (const { node, component } of behind) expect(tagged('aws_eip', p2pAddressName(name, node, component))['lifecycle']).toEqual({ prevent_destroy: true });
    expect(stacks.resources(id, 'aws_eip')).toHaveLength(zones.length + behind.length);
    for (const output of ['p2p_addresses', 'p2p_allocations']) {
      const value = stacks.stack(id).output![output]!.value as Record<string, Record<string, string>>;
      expect(Object.entries(value).flatMap(([node, components]) => Object.keys(components).map((component) => `${node}/${component}`)).sort()).toEqual(behind.map(({ node, component }) => `${node}/${component}`).sort());
    }
  });

  it('leaves the default security group empty', () => {
    expect(stacks.resource(id, 'aws_default_security_group')).toMatchObject({ ingress: [], egress: [] });
  });

  it('is named so that other stacks find it', () => {
    expect((stacks.resource(id, 'aws_vpc')['tags'] as { Name: string }).Name).toBe(networkName(name));
  });
});

describe('EKS clusters with load balancers', () => {
  it('are in the example fleet', () => {
    expect(EKS.filter(({ name }) => stacks.context.demands[name]!.ports.some(({ via }) => via === 'loadBalancer')).length).toBeGreaterThan(1);
  });
});

describe('a range of their own for pods', () => {
  const altered = synthesize((context) => {
    const cluster = EKS[0]!;
    return { ...context, fleet: { ...context.fleet, clusters: { ...context.fleet.clusters, [cluster.name]: { ...cluster, ranges: { ...cluster.ranges, pods: '100.64.0.0/16' } } } } };
  });
  const { name, zones } = EKS[0]!;

  it('gets subnets in each zone, which leave by its gateway', () => {
    expect(altered.resource(`${name}-network`, 'aws_vpc_ipv4_cidr_block_association')['cidr_block']).toBe('100.64.0.0/16');
    expect(altered.resources(`${name}-network`, 'aws_subnet')).toHaveLength(zones.length * 3);
    expect(altered.resources(`${name}-network`, 'aws_route_table_association')).toHaveLength(zones.length * 3);
  });

  it('is what the CNI gives pods addresses of', () => {
    const cni = altered.resources(`${name}-cluster`, 'aws_eks_addon').find((addOn) => addOn['addon_name'] === 'vpc-cni')!;
    const { env, eniConfig } = JSON.parse(cni['configuration_values'] as string) as { env: Record<string, string>; eniConfig: { create: boolean; subnets: Record<string, { id: string; securityGroups: string[] }> } };
    expect(env['AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG']).toBe('true');
    expect(eniConfig.create).toBe(true);
    expect(Object.keys(eniConfig.subnets)).toEqual(zones);
    expect(nameOf(altered, `${name}-cluster`, eniConfig.subnets[zones[0]!]!.id)).toBe(`stockade-${name}-pods-${zones[0]}`);
  });
});

describe('subnets', () => {
  it('stay where they are when a zone is added, or the order changes', () => {
    const ranges = { machines: '10.20.0.0/16' };
    const two = clusterSubnets(ranges, ['eu-central-1a', 'eu-central-1b']);
    const three = clusterSubnets(ranges, ['eu-central-1c', 'eu-central-1b', 'eu-central-1a']);
    for (const subnet of two) expect(three).toContainEqual(subnet);
  });

  it('are blocks of their range', () => {
    expect(blockOf('10.20.0.0/16', 8, 1)).toBe('10.20.32.0/19');
    expect(() => blockOf('10.20.0.0/16', 8, 8)).toThrow(RangeError);
    expect(() => blockOf('10.20.0.0/31', 8, 0)).toThrow(RangeError);
  });
});

function limits(range: string): readonly [number, number] {
  const [address = '', mask = ''] = range.split('/');
  const first = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return [first, first + 2 ** (32 - Number(mask)) - 1];
}
