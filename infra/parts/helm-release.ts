import { readFileSync } from 'node:fs';
import { ofPackage } from '../../workspace/own-package';
import { HelmProvider, type HelmProviderKubernetes } from '@cdktf/provider-helm/lib/provider';
import { Release } from '@cdktf/provider-helm/lib/release';
import type { ITerraformDependable, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';

/** Charts that every cluster has, where they come from, and the file of their values in `infra/charts/`. */
export const CHARTS = {
  gatekeeper: { repository: 'https://open-policy-agent.github.io/gatekeeper/charts', chart: 'gatekeeper' },
  monitoring: { repository: 'https://prometheus-community.github.io/helm-charts', chart: 'kube-prometheus-stack' },
  awsLoadBalancerController: { repository: 'https://aws.github.io/eks-charts', chart: 'aws-load-balancer-controller' },
} as const;
export type ChartName = keyof typeof CHARTS;

/**
 * Helm's provider. One version older than the one it was generated from: since 3.1.0 a plan sends patches to the cluster (hashicorp/terraform-provider-helm#1735), which the plan identity may not. The
 * attributes that are used here are the same in both.
 */
export function helmProvider(stack: TerraformStack, kubernetes: HelmProviderKubernetes): HelmProvider {
  stack.addOverride('terraform.required_providers.helm.version', '3.0.2');
  return new HelmProvider(stack, 'helm', { kubernetes });
}

export interface HelmReleaseProps {
  readonly provider: HelmProvider;
  readonly chart: ChartName;
  /** One whole version. A range would make two applies of one plan differ. */
  readonly version: string;
  readonly namespace: string;
  /** What differs by cloud or cluster, on top of the values in the repository. */
  readonly values?: Readonly<Record<string, unknown>>;
  /**
   * Whether the values in `infra/charts/<chart>.values.yaml` are taken.
   *
   * @default true
   */
  readonly valuesFile?: boolean;
  readonly dependsOn?: ITerraformDependable[];
}

/**
 * A chart at a pinned version, its values in the repository. It is rolled back as a whole where it fails, and waited for: what is applied after
 * it, constraints above all, counts on what it brings.
 */
export function helmRelease(scope: Construct, id: string, { provider, chart, version, namespace, values, valuesFile = true, dependsOn }: HelmReleaseProps): Release {
  const { repository, chart: name } = CHARTS[chart];
  return new Release(scope, id, {
    provider,
    name: id,
    repository,
    chart: name,
    version,
    namespace,
    createNamespace: true,
    atomic: true,
    cleanupOnFail: true,
    wait: true,
    waitForJobs: true,
    timeout: 900,
    maxHistory: 5,
    values: [...(valuesFile ? [chartValues(chart)] : []), ...(values ? [JSON.stringify(values, null, 2)] : [])],
    ...(dependsOn ? { dependsOn } : {}),
  });
}

/** The text of a chart's values in the repository. */
export const chartValues = (chart: ChartName): string => readFileSync(ofPackage(`infra/charts/${chart}.values.yaml`), 'utf8');
