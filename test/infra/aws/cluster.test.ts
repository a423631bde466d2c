import { describe, expect, it } from 'vitest';
import { machinePools } from '../../../infra/context/demand';
import { needsPrefixes } from '../../../infra/parts/eks-cluster';
import { clusterProps } from '../../../infra/parts/cluster-props';
import { diskKeyName, LABELS, publicSubnetName, SYSTEM_POOL } from '../../../naming';
import { addOnRoleName, logsKeyName, machineRoleName, machinesFirewallName, privatePoolFirewallName, privateSubnetName, publicPoolTag, roleArn, secretsKeyName } from '../../../naming/clouds';
import type { Attributes } from '../stacks';
import { EKS, list, nameOf, roleOf, stacks } from './clusters';

const { infrastructure, settings } = stacks.context.fleet;

describe.each(EKS)('EKS cluster $name', (declared) => {
  const { name } = declared;
  const id = `${name}-cluster`;
  const cluster = stacks.resource(id, 'aws_eks_cluster');
  const groups = stacks.resources(id, 'aws_eks_node_group');
  const demand = stacks.context.demands[name]!;
  const addOns = stacks.resources(id, 'aws_eks_addon');
  const templateOf = (group: Attributes): Attributes => {
    const reference = (group['launch_template'] as Attributes)['id'] as string;
    return stacks.stack(id).resource!['aws_launch_template']![reference.split('.')[1]!]!;
  };
  const poolOf = (group: Attributes): string => (group['labels'] as Record<string, string>)[LABELS.pool]!;
  const exposureOf = (group: Attributes): 'private' | 'public' => declared.pools.find((pool) => pool.name === poolOf(group))?.exposure ?? 'private';
  const userDataOf = (group: Attributes): string => Buffer.from(templateOf(group)['user_data'] as string, 'base64').toString();

  it('has a private endpoint and no public one', () => {
    expect(cluster['vpc_config']).toMatchObject({ endpoint_private_access: true, endpoint_public_access: false });
  });

  it('encrypts Secrets under a KMS key of its own', () => {
    const { provider, resources } = cluster['encryption_config'] as { provider: { key_arn: string }; resources: string[] };
    expect(resources).toEqual(['secrets']);
    expect(nameOf(stacks, id, provider.key_arn)).toBe(`alias/${secretsKeyName(name)}`);
  });

  it('keeps every log of the control plane, encrypted, for a while', () => {
    expect([...(cluster['enabled_cluster_log_types'] as string[])].sort()).toEqual(['api', 'audit', 'authenticator', 'controllerManager', 'scheduler']);
    const group = stacks.resource(id, 'aws_cloudwatch_log_group');
    expect(group).toMatchObject({ name: `/aws/eks/${name}/cluster`, retention_in_days: 90 });
    expect(nameOf(stacks, id, group['kms_key_id'] as string)).toBe(`alias/${logsKeyName(name)}`);
    expect(cluster['depends_on']).toContainEqual(expect.stringMatching(/^aws_cloudwatch_log_group\./));
  });

  it('lets in by access entries alone, and gives its creator nothing', () => {
    expect(cluster['access_config']).toEqual({ authentication_mode: 'API', bootstrap_cluster_creator_admin_permissions: false });
  });

  it('puts each role in the Kubernetes groups of the settings, and no person under an access policy', () => {
    const entries = stacks.resources(id, 'aws_eks_access_entry');
    const { principals } = infrastructure.aws;
    for (const [who, roles] of Object.entries(principals)) {
      for (const role of roles) {
        const entry = entries.filter((one) => one['principal_arn'] === role);
        expect(entry, role).toHaveLength(1);
        expect(entry[0]!['kubernetes_groups'], role).toEqual(expect.arrayContaining(settings.access[who as keyof typeof principals].aws));
        expect(entry[0]!['type']).toBe('STANDARD');
      }
    }
    const administrators = stacks.resources(id, 'aws_eks_access_policy_association').map((one) => one['principal_arn'] as string);
    expect(administrators.sort()).toEqual([...principals.platform, roleArn(infrastructure.aws.account, 'stockade-apply')].sort());
    const people = Object.entries(principals).filter(([who]) => who !== 'platform').flatMap(([, roles]) => roles);
    expect(administrators.filter((one) => people.includes(one))).toEqual([]);
  });

  it('lets in what Atlantis becomes, each in the group whose part it takes, and nobody who is not named', () => {
    const entries = Object.fromEntries(stacks.resources(id, 'aws_eks_access_entry').map((one) => [one['principal_arn'] as string, one['kubernetes_groups'] as string[]]));
    const of = (identity: string): readonly string[] | undefined => entries[roleArn(infrastructure.aws.account, `stockade-${identity}`)];
    expect([of('plan'), of('apply'), of('deploy')]).toEqual([settings.access.planners.aws, settings.access.platform.aws, settings.access.deployers.aws]);
    expect(Object.keys(entries)).toHaveLength(3 + new Set(Object.values(infrastructure.aws.principals).flat()).size);
  });

  it('has an OIDC provider for its issuer, and records the issuer', () => {
    const provider = stacks.resource(id, 'aws_iam_openid_connect_provider');
    expect(provider['client_id_list']).toEqual(['sts.amazonaws.com']);
    expect(provider['url']).toMatch(/^\$\{aws_eks_cluster\.\w+\.identity\[0\]\.oidc\[0\]\.issuer\}$/);
    expect(stacks.stack(id).output!['oidc_issuer']!.value).toBe(provider['url']);
  });

  it('has pod identity', () => {
    expect(addOns.find((addOn) => addOn['addon_name'] === 'eks-pod-identity-agent')).toMatchObject({ addon_version: infrastructure.aws.addOns.podIdentityAgent });
  });

  it('has the VPC CNI with network policies in strict mode, before any machine', () => {
    const cni = addOns.find((addOn) => addOn['addon_name'] === 'vpc-cni')!;
    expect(cni['addon_version']).toBe(infrastructure.aws.addOns.vpcCni);
    expect(JSON.parse(cni['configuration_values'] as string)).toMatchObject({ enableNetworkPolicy: 'true', env: { NETWORK_POLICY_ENFORCING_MODE: 'strict' } });
    for (const group of groups) expect(group['depends_on'], group['node_group_name'] as string).toContainEqual(expect.stringMatching(/^aws_eks_addon\..*vpc-cni/));
  });

  it('gives the CNI its own role by the cluster\'s issuer, exactly to its service account', () => {
    const { trust, allows } = roleOf(stacks, id, addOnRoleName(name, 'cni'));
    expect(trust).toHaveLength(1);
    expect(trust[0]!.Action).toBe('sts:AssumeRoleWithWebIdentity');
    expect(Object.entries(trust[0]!.Condition!['StringEquals']!)).toEqual([['TOKEN:aud', 'sts.amazonaws.com'], ['TOKEN:sub', 'system:serviceaccount:kube-system:aws-node']]);
    expect(allows.flatMap(({ Action }) => list(Action))).toContain('ec2:AssignPrivateIpAddresses');
    expect(addOns.find((addOn) => addOn['addon_name'] === 'vpc-cni')!['service_account_role_arn']).toMatch(/cni-role/);
  });

  it('hands out prefixes exactly where a machine has too few single addresses for its pods', () => {
    const props = clusterProps(declared, demand, infrastructure, settings.labels);
    const { env } = JSON.parse(addOns.find((addOn) => addOn['addon_name'] === 'vpc-cni')!['configuration_values'] as string) as { env: Record<string, string> };
    expect(env['ENABLE_PREFIX_DELEGATION']).toBe(String(needsPrefixes(props)));
    const pools = (machineType: string) => [{ ...props.pools[0]!, machineType }];
    // m6i.2xlarge: 4 interfaces of 15 addresses, of which pods have 14 each, and 2 on the machine's own.
    expect(needsPrefixes({ podsPerMachine: 58, pools: pools('m6i.2xlarge') })).toBe(false);
    expect(needsPrefixes({ podsPerMachine: 59, pools: pools('m6i.2xlarge') })).toBe(true);
    expect(needsPrefixes({ podsPerMachine: 8, pools: pools('x9.unheard') })).toBe(true);
  });

  it('runs the minor version of the fleet, and is upgraded by nobody else while it is supported at all', () => {
    expect(cluster['version']).toBe(declared.kubernetesVersion);
    expect(cluster['upgrade_policy']).toEqual({ support_type: 'EXTENDED' });
  });

  it('installs no add-on of its own', () => {
    expect(cluster['bootstrap_self_managed_addons']).toBe(false);
  });

  it('is protected from deletion, by EKS and by Terraform', () => {
    expect(cluster['deletion_protection']).toBe(true);
    expect(cluster['lifecycle']).toEqual({ prevent_destroy: true });
  });

  it('has its control plane in the private subnets of all zones', () => {
    const { subnet_ids: ids } = cluster['vpc_config'] as { subnet_ids: string[] };
    expect(ids.map((reference) => nameOf(stacks, id, reference))).toEqual(declared.zones.map((zone) => privateSubnetName(name, zone)));
  });

  it('has one managed node group for each pool and zone, and a system pool in each zone', () => {
    const expected = [...declared.zones.map((zone) => `${SYSTEM_POOL}-${zone}`), ...machinePools(declared, demand).map(({ pool, zone }) => `${pool}-${zone}`)];
    expect(groups.map((group) => group['node_group_name'] as string).sort()).toEqual(expected.sort());
    for (const group of groups) {
      const zone = (group['node_group_name'] as string).slice(poolOf(group).length + 1);
      expect((group['subnet_ids'] as string[]).map((reference) => nameOf(stacks, id, reference))).toEqual([exposureOf(group) === 'public' ? publicSubnetName(name, zone) : privateSubnetName(name, zone)]);
    }
  });

  it('has exactly the machines that the fleet\'s nodes ask for', () => {
    for (const { pool, zone, machines } of machinePools(declared, demand)) {
      const group = groups.find((one) => one['node_group_name'] === `${pool}-${zone}`)!;
      expect(group['scaling_config'], `${pool} ${zone}`).toEqual({ desired_size: machines, min_size: machines, max_size: Math.max(1, machines) });
    }
    expect(machinePools(declared, demand).some(({ machines }) => machines > 1)).toBe(true);
  });

  it('taints staking machines as declared, and leaves the system pool open', () => {
    for (const group of groups) {
      const declaredTaints = declared.pools.find((pool) => pool.name === poolOf(group))?.taints ?? [];
      expect(group['taint']).toEqual(declaredTaints.map(({ key, value, effect }) => ({ key, value, effect: effect === 'NoSchedule' ? 'NO_SCHEDULE' : 'NO_EXECUTE' })));
      expect((group['taint'] as unknown[]).length > 0).toBe(poolOf(group) !== SYSTEM_POOL);
    }
  });

  it('upgrades one machine at a time, never past a budget, and replaces none unasked', () => {
    for (const group of groups) {
      expect(group['update_config']).toEqual({ max_unavailable: 1 });
      expect(group['force_update_version']).toBe(false);
      expect(group['node_repair_config']).toEqual({ enabled: false });
    }
  });

  it('leaves machines alone when the control plane is upgraded', () => {
    for (const group of groups) expect([group['version'], group['release_version']]).toEqual([undefined, undefined]);
  });

  it('makes no new group for what a launch template can change', () => {
    for (const group of groups) {
      for (const attribute of ['instance_types', 'disk_size', 'remote_access']) expect(group[attribute]).toBeUndefined();
      expect((group['launch_template'] as Attributes)['version']).toMatch(/latest_version\}$/);
      expect(group['lifecycle']).toEqual({ prevent_destroy: true });
    }
  });

  it('asks for a session on machines\' metadata, one hop away', () => {
    expect(groups.length).toBeGreaterThan(0);
    for (const group of groups) expect(templateOf(group)['metadata_options']).toMatchObject({ http_tokens: 'required', http_put_response_hop_limit: 1 });
  });

  it('encrypts boot disks, gp3, under the cluster\'s disk key', () => {
    for (const group of groups) {
      const [{ ebs }] = templateOf(group)['block_device_mappings'] as [{ ebs: Attributes }];
      const size = declared.pools.find((pool) => pool.name === poolOf(group))?.bootDiskGiB ?? infrastructure.aws.systemPool.bootDiskGiB;
      expect(ebs).toMatchObject({ encrypted: 'true', volume_type: 'gp3', volume_size: size });
      expect(nameOf(stacks, id, ebs['kms_key_id'] as string)).toBe(`alias/${diskKeyName(name)}`);
    }
  });

  it('gives public addresses to the machines of public pools only', () => {
    for (const group of groups) {
      const [network] = templateOf(group)['network_interfaces'] as [Attributes];
      expect(network['associate_public_ip_address']).toBe(exposureOf(group) === 'public' ? 'true' : 'false');
    }
    expect(groups.some((group) => exposureOf(group) === 'public')).toBe(true);
  });

  it('puts machines in the firewall of their exposure and in that of their pool', () => {
    for (const group of groups) {
      const [network] = templateOf(group)['network_interfaces'] as [Attributes];
      const exposure = exposureOf(group);
      const own = poolOf(group) === SYSTEM_POOL ? [] : [exposure === 'public' ? publicPoolTag(name, poolOf(group)) : privatePoolFirewallName(name, poolOf(group))];
      expect((network['security_groups'] as string[]).map((reference) => nameOf(stacks, id, reference))).toEqual([machinesFirewallName(name, exposure), ...own]);
    }
  });

  it('lets machines of public pools join and pull, and nothing more', () => {
    for (const group of groups.filter((one) => exposureOf(one) === 'public')) expect(group['node_role_arn']).toMatch(/machines-public/);
    const { allows } = roleOf(stacks, id, machineRoleName(name, 'public'));
    expect(allows.flatMap(({ Action }) => list(Action)).sort()).toEqual([
      'ec2:DescribeInstanceTypes',
      'ec2:DescribeInstances',
      'ecr:BatchCheckLayerAvailability',
      'ecr:BatchGetImage',
      'ecr:GetAuthorizationToken',
      'ecr:GetDownloadUrlForLayer',
      'eks:DescribeCluster',
    ]);
    expect(stacks.resources(id, 'aws_iam_role_policy_attachment')).toEqual([]);
  });

  it('runs so many pods on a machine as the fleet says', () => {
    for (const group of groups) expect(userDataOf(group)).toContain(`      maxPods: ${declared.podsPerMachine}\n`);
  });

  it('sets up what a pool\'s features are, and nothing where it has none', () => {
    for (const group of groups) {
      const features = declared.pools.find((pool) => pool.name === poolOf(group))?.features ?? [];
      const text = userDataOf(group);
      expect(text.includes('LimitMEMLOCK=2000000000')).toBe(features.includes('memlock-2g'));
      expect(text.includes('/var/lib/kubelet/seccomp/stockade/io-uring.json')).toBe(features.includes('io-uring'));
      expect(text.includes('net.core.rmem_max = 134217728')).toBe(features.includes('solana-sysctls'));
      expect(text.includes('text/x-shellscript')).toBe(features.length > 0);
      // EC2 takes no more.
      expect(text.length).toBeLessThan(16 * 1024);
    }
  });

  it('tags machines, their disks and interfaces for cost and owner', () => {
    for (const group of groups) {
      const tags = templateOf(group)['tag_specifications'] as { resource_type: string; tags: Record<string, string> }[];
      expect(tags.map(({ resource_type: type }) => type)).toEqual(['instance', 'volume', 'network-interface']);
      for (const { tags: of } of tags) expect(of).toMatchObject({ ...settings.labels, ...declared.labels, cluster: name, pool: poolOf(group) });
    }
  });
});

describe('the io_uring profile', () => {
  it('is containerd\'s default with the three calls of io_uring, and nothing else', async () => {
    const { readFileSync } = await import('node:fs');
    const { join } = await import('node:path');
    const profile = JSON.parse(readFileSync(join(__dirname, '..', '..', '..', 'infra', 'machines', 'seccomp-io-uring.json'), 'utf8')) as { defaultAction: string; syscalls: { names: string[]; action: string }[] };
    expect(profile.defaultAction).toBe('SCMP_ACT_ERRNO');
    const allowed = profile.syscalls.filter(({ action }) => action === 'SCMP_ACT_ALLOW').flatMap(({ names }) => names);
    expect(profile.syscalls.at(-1)).toEqual({ names: ['io_uring_enter', 'io_uring_register', 'io_uring_setup'], action: 'SCMP_ACT_ALLOW' });
    for (const call of ['mount', 'umount2', 'bpf', 'init_module', 'kexec_load', 'setns', 'unshare', 'keyctl', 'add_key', 'userfaultfd', 'reboot']) expect(allowed).not.toContain(call);
  });
});
