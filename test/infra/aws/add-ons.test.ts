import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { chartValues } from '../../../infra/parts/helm-release';
import { GATEKEEPER_NAMESPACE, MONITORING_NAMESPACE } from '../../../naming';
import { addOnRoleName } from '../../../naming/clouds';
import type { Attributes } from '../stacks';
import { EKS, list, nameOf, roleOf, stacks } from './clusters';

const { infrastructure } = stacks.context.fleet;

describe.each(EKS)('the add-ons of EKS cluster $name', ({ name, region, account }) => {
  const id = `${name}-add-ons`;
  const addOn = (what: string): Attributes => stacks.resources(id, 'aws_eks_addon').find((one) => one['addon_name'] === what)!;
  const release = (what: string): Attributes => stacks.resources(id, 'helm_release').find((one) => one['name'] === what)!;
  const needs = (one: Attributes): string => ((one['depends_on'] as string[] | undefined) ?? []).join(' ');

  it('are at pinned versions', () => {
    const { aws: { addOns }, charts } = infrastructure;
    expect(addOn('coredns')['addon_version']).toBe(addOns.coreDns);
    expect(addOn('aws-ebs-csi-driver')['addon_version']).toBe(addOns.ebsCsiDriver);
    expect(addOn('snapshot-controller')['addon_version']).toBe(addOns.snapshotController);
    expect(release('aws-load-balancer-controller')).toMatchObject({ version: charts.awsLoadBalancerController, chart: 'aws-load-balancer-controller', namespace: 'kube-system', atomic: true, wait: true });
    expect(release('gatekeeper')).toMatchObject({ version: charts.gatekeeper, namespace: GATEKEEPER_NAMESPACE, wait: true });
    expect(release('monitoring')).toMatchObject({ version: charts.monitoring, namespace: MONITORING_NAMESPACE, wait: true });
  });

  it('come one after the other: names, disks, load balancers, Gatekeeper, monitoring', () => {
    expect(needs(addOn('aws-ebs-csi-driver'))).toContain('coredns');
    expect(needs(addOn('aws-ebs-csi-driver'))).toContain('snapshot-controller');
    expect(needs(release('aws-load-balancer-controller'))).toContain('aws-ebs-csi-driver');
    expect(needs(release('gatekeeper'))).toContain('aws-load-balancer-controller');
    expect(needs(release('monitoring'))).toContain('gatekeeper');
  });

  it('have the load balancer controller carry TCP and UDP of one port, from a version that can', () => {
    const values = load(chartValues('awsLoadBalancerController')) as Attributes;
    expect(values['controllerConfig']).toMatchObject({ featureGates: { EnableTCPUDPListener: true, NLBSecurityGroup: false } });
    // Chart 1.13.0 is controller 2.13.0, the first that has it.
    const [major, minor] = infrastructure.charts.awsLoadBalancerController.replace(/^v/, '').split('.').map(Number);
    expect(major! > 1 || (major === 1 && minor! >= 13)).toBe(true);
    const texts = release('aws-load-balancer-controller')['values'] as string[];
    expect(load(texts.at(-1)!)).toMatchObject({ clusterName: name, region, image: { repository: `${account}.dkr.ecr.${region}.amazonaws.com/public-ecr/eks/aws-load-balancer-controller` } });
  });

  it('give the load balancer controller no security group, and only load balancers of this cluster', () => {
    const { allows, trust } = roleOf(stacks, id, addOnRoleName(name, 'balancers'));
    const actions = allows.flatMap(({ Action }) => list(Action));
    expect(actions.filter((action) => /SecurityGroup/.test(action) && !/^ec2:Describe/.test(action))).toEqual([]);
    for (const { Action, Resource, Condition } of allows.filter((one) => !list(one.Action).every((action) => action.split(':')[1]!.startsWith('Describe')))) {
      expect(list(Resource), list(Action).join()).not.toContain('*');
      expect(JSON.stringify(Condition), list(Action).join()).toContain(`elbv2.k8s.aws/cluster":"${name}"`);
    }
    expect(trust[0]!.Principal).toEqual({ Service: 'pods.eks.amazonaws.com' });
    expect(stacks.resources(id, 'aws_eks_pod_identity_association').map((one) => one['service_account'])).toEqual(['aws-load-balancer-controller']);
  });

  it('give the disk driver disks of this cluster only, by pod identity', () => {
    const { allows, trust } = roleOf(stacks, id, addOnRoleName(name, 'disks'));
    expect(JSON.parse(addOn('aws-ebs-csi-driver')['configuration_values'] as string)).toMatchObject({ controller: { k8sTagClusterId: name }, node: { tolerateAllTaints: true } });
    for (const statement of allows.filter((one) => list(one.Action).some((action) => /^ec2:(Create|Delete|Modify|Attach|Detach)(Volume|Snapshot)/.test(action)))) {
      const text = JSON.stringify(statement.Condition);
      expect(text.includes(`kubernetes.io/cluster/${name}`) || text.includes(`"aws:ResourceTag/eks:cluster-name":"${name}"`), statement.Sid).toBe(true);
    }
    expect(trust[0]!.Condition).toMatchObject({ StringEquals: { 'aws:RequestTag/kubernetes-service-account': 'ebs-csi-controller-sa' }, ArnEquals: { 'aws:SourceArn': [`arn:aws:eks:${region}:${account}:cluster/${name}`] } });
    const [identity] = addOn('aws-ebs-csi-driver')['pod_identity_association'] as [Attributes];
    expect(identity['service_account']).toBe('ebs-csi-controller-sa');
  });

  it('reach the control plane with a token that no state keeps', () => {
    const [helm] = stacks.stack(id).provider['helm']!;
    expect(helm!['kubernetes'].exec).toMatchObject({ command: 'aws', args: ['eks', 'get-token', '--cluster-name', name, '--region', region, '--output', 'json'] });
    expect(helm!['kubernetes'].token).toBeUndefined();
    expect(stacks.stack(id).data).not.toHaveProperty('aws_eks_cluster_auth');
  });

  it('find the network by its name', () => {
    const texts = release('aws-load-balancer-controller')['values'] as string[];
    const { vpcId } = load(texts.at(-1)!) as { vpcId: string };
    expect(nameOf(stacks, id, vpcId)).toBe(`stockade-${name}`);
  });
});
