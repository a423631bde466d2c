import { describe, expect, it } from 'vitest';
import { portRanges } from '../../../infra/context/demand';
import { gkeClusters } from '../../../infra/context/gcp';
import { p2pAddressName } from '../../../naming';
import { exampleStacks, type Attributes } from '../stacks';

const stacks = exampleStacks();
const { infrastructure, clusters } = stacks.context.fleet;
const WORLD = '0.0.0.0/0';
/** RPC, its web sockets, and the agent: what pods on the host's network listen on beside P2P. */
const CLOSED = [8899, 8900, 9440];

describe.each(gkeClusters(clusters))('network of GKE cluster $name', (declared) => {
  const id = `${declared.name}-network`;
  const firewalls = stacks.resources(id, 'google_compute_firewall');
  const demand = stacks.context.demands[declared.name]!;
  const publicPools = declared.pools.filter(({ exposure }) => exposure === 'public');

  it('has the ranges of the fleet, and flow logs', () => {
    const subnet = stacks.resource(id, 'google_compute_subnetwork');
    expect(subnet['ip_cidr_range']).toBe(declared.ranges.machines);
    expect(subnet['secondary_ip_range']).toEqual([
      { range_name: 'pods', ip_cidr_range: declared.ranges.pods },
      { range_name: 'services', ip_cidr_range: declared.ranges.services },
    ]);
    expect(subnet['private_ip_google_access']).toBe(true);
    expect(subnet['log_config']).toBeDefined();
    expect(stacks.resource(id, 'google_compute_network')['auto_create_subnetworks']).toBe(false);
  });

  it('leaves by fixed addresses of its own', () => {
    const nat = stacks.resource(id, 'google_compute_router_nat');
    expect(nat['nat_ip_allocate_option']).toBe('MANUAL_ONLY');
    expect(nat['nat_ips']).toHaveLength(infrastructure.gcp.natAddresses);
    for (let index = 0; index < infrastructure.gcp.natAddresses; index += 1) {
      const address = stacks.stack(id).resource!['google_compute_address']![`nat-address-${index}`]!;
      expect(address).toMatchObject({ name: `stockade-${declared.name}-nat-${index}`, address_type: 'EXTERNAL', lifecycle: { prevent_destroy: true } });
    }
    expect(stacks.stack(id).output!['nat_addresses']!.value).toHaveLength(infrastructure.gcp.natAddresses);
  });

  it('keeps enough ports of the NAT for each machine, whichever destination they go to', () => {
    const nat = stacks.resource(id, 'google_compute_router_nat');
    expect(nat).toMatchObject({ min_ports_per_vm: infrastructure.gcp.natPortsPerMachine, enable_dynamic_port_allocation: false, enable_endpoint_independent_mapping: false });
  });

  it('lets the control plane reach admission webhooks', () => {
    const rule = firewalls.find(({ name }) => name === `stockade-${declared.name}-webhooks`)!;
    expect(rule).toMatchObject({ direction: 'INGRESS', source_ranges: [declared.ranges.controlPlane], allow: [{ protocol: 'tcp', ports: ['8443'] }] });
    for (const pool of stacks.resources(`${declared.name}-cluster`, 'google_container_node_pool')) expect(pool['node_config'].tags).toEqual(expect.arrayContaining(rule['target_tags']));
  });

  it('opens to the world exactly the ports that its nodes declare, on the machines that they run on', () => {
    const opened = firewalls.filter((rule) => rule['source_ranges'].includes(WORLD) && rule['allow'] !== undefined);
    const wanted = publicPools.flatMap(({ name }) => {
      const ports = demand.ports.filter(({ pool, via }) => pool === name && via === 'machine').flatMap((one) => one.ports);
      const of = (protocol: string): string[] => portRanges(ports.filter((port) => port.protocol === protocol).map(({ port }) => port));
      return ports.length === 0 ? [] : [{ tags: [`stockade-${declared.name}-${name}-public`], tcp: of('TCP'), udp: of('UDP') }];
    });
    const found = opened.map((rule) => ({ tags: rule['target_tags'], tcp: portsOf(rule, 'tcp'), udp: portsOf(rule, 'udp') }));
    expect(found).toEqual(wanted);
    expect(opened.every((rule) => rule['allow'].every(({ protocol }: Attributes) => protocol === 'tcp' || protocol === 'udp'))).toBe(true);
  });

  it('closes everything else to the world on public machines, before rules of others', () => {
    for (const { name } of publicPools) {
      const tag = `stockade-${declared.name}-${name}-public`;
      const deny = firewalls.find((rule) => rule['deny'] !== undefined && rule['target_tags'].includes(tag))!;
      expect(deny).toMatchObject({ source_ranges: [WORLD], deny: [{ protocol: 'all' }] });
      // GKE's own rules, and those that the console makes, are at 1,000.
      expect(deny['priority']).toBeLessThan(1000);
      for (const rule of firewalls.filter((one) => one['allow'] !== undefined && one['target_tags'].includes(tag))) expect(rule['priority'], rule['name']).toBeLessThan(deny['priority']);
    }
  });

  it('opens no RPC, web socket or agent port of a pod on the host\'s network', () => {
    for (const rule of firewalls.filter((one) => one['allow'] !== undefined && one['source_ranges'].includes(WORLD))) {
      const ranges = [...portsOf(rule, 'tcp'), ...portsOf(rule, 'udp')].map((range) => range.split('-').map(Number));
      for (const port of CLOSED) expect(ranges.some(([first, last = first]) => port >= first! && port <= last!), `${rule['name']} opens ${port}`).toBe(false);
    }
  });

  it('lets only the cluster\'s own ranges reach a public machine otherwise', () => {
    const others = firewalls.filter((rule) => rule['allow'] !== undefined && !rule['source_ranges'].includes(WORLD)).flatMap((rule) => rule['source_ranges'] as string[]);
    for (const range of others) expect([declared.ranges.machines, declared.ranges.pods, declared.ranges.controlPlane]).toContain(range);
  });

  it('tags the machines of a public pool, and no others, with what its firewall goes by', () => {
    for (const pool of stacks.resources(`${declared.name}-cluster`, 'google_container_node_pool')) {
      const tags = (pool['node_config'].tags as string[]).filter((tag) => tag.endsWith('-public'));
      const of = publicPools.find(({ name }) => pool['node_config'].labels['stockade.dev/pool'] === name);
      expect(tags, pool['name']).toEqual(of ? [`stockade-${declared.name}-${of.name}-public`] : []);
    }
  });

  it('reserves the address that each load balancer asks for by name, and says which they are', () => {
    const reached = demand.ports.filter(({ via }) => via === 'loadBalancer');
    const names = stacks.resources(id, 'google_compute_address').map((address) => address['name'] as string);
    for (const { node, component } of reached) expect(names).toContain(p2pAddressName(declared.name, node, component));
    expect(names).toHaveLength(reached.length + infrastructure.gcp.natAddresses);
    for (const name of names) expect(name).toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
    const output = stacks.stack(id).output!['p2p_addresses']!.value as Record<string, Record<string, string>>;
    expect(Object.entries(output).flatMap(([node, of]) => Object.keys(of).map((component) => `${node}/${component}`)).sort()).toEqual(reached.map(({ node, component }) => `${node}/${component}`).sort());
  });
});

it('has host network, node ports and load balancers in the example, so that the tests above see each', () => {
  const ports = gkeClusters(clusters).flatMap(({ name }) => stacks.context.demands[name]!.ports);
  expect(new Set(ports.map(({ via }) => via))).toEqual(new Set(['machine', 'loadBalancer']));
  expect(ports.some(({ pool }) => pool === 'solana')).toBe(true);
});

const portsOf = (rule: Attributes, protocol: string): string[] => (rule['allow'] as Attributes[]).filter((allow) => allow['protocol'] === protocol).flatMap((allow) => allow['ports'] as string[]);
