import { readFileSync } from 'node:fs';
import { ofPackage } from '../../workspace/own-package';
import type { MachineFeature } from '../../model/schema/cluster';

/**
 * What an AL2023 machine is told at its first start: a NodeConfig, which EKS adds the cluster to, and before the kubelet starts the features of its pool.
 *
 * @param podsPerMachine EKS would else derive it from the machine type.
 * @returns base64, as a launch template takes it
 */
export function userData(podsPerMachine: number, features: readonly MachineFeature[]): string {
  const parts = [
    part('application/node.eks.aws', ['apiVersion: node.eks.aws/v1alpha1', 'kind: NodeConfig', 'spec:', '  kubelet:', '    config:', `      maxPods: ${podsPerMachine}`]),
    ...(features.length === 0 ? [] : [part('text/x-shellscript; charset="us-ascii"', ['#!/bin/bash', 'set -euo pipefail', ...[...features].sort().flatMap((feature) => FEATURES[feature]())])]),
  ];
  return Buffer.from(['MIME-Version: 1.0', `Content-Type: multipart/mixed; boundary="${BOUNDARY}"`, '', ...parts, `--${BOUNDARY}--`, ''].join('\n')).toString('base64');
}

const BOUNDARY = '==STOCKADE==';

const part = (type: string, lines: readonly string[]): string => [`--${BOUNDARY}`, `Content-Type: ${type}`, '', ...lines, ''].join('\n');

const FEATURES: Readonly<Record<MachineFeature, () => readonly string[]>> = {
  // A container's limits are containerd's own. 2,000,000,000 bytes are what agave asks for; open files beside them, for its accounts.
  'memlock-2g': () => file('/etc/systemd/system/containerd.service.d/50-stockade-limits.conf', ['[Service]', 'LimitMEMLOCK=2000000000', 'LimitNOFILE=1048576'], ['systemctl daemon-reload']),
  // Kernels from 6.6 can have it off for all; older ones don't know the key, which `-e` passes over.
  'io-uring': () => [
    ...file('/etc/sysctl.d/91-stockade-io-uring.conf', ['kernel.io_uring_disabled = 0'], ['sysctl -e -p /etc/sysctl.d/91-stockade-io-uring.conf']),
    // containerd's own default profile for a container without capabilities (containerd 2.1.4, contrib/seccomp), with the three calls of io_uring.
    ...file('/var/lib/kubelet/seccomp/stockade/io-uring.json', readFileSync(ofPackage('infra/machines/seccomp-io-uring.json'), 'utf8').trimEnd().split('\n'), []),
  ],
  // What agave tests at its start: https://docs.anza.xyz/operations/setup-a-validator (system tuning).
  'solana-sysctls': () =>
    file(
      '/etc/sysctl.d/90-stockade-solana.conf',
      ['net.core.rmem_default = 134217728', 'net.core.rmem_max = 134217728', 'net.core.wmem_default = 134217728', 'net.core.wmem_max = 134217728', 'vm.max_map_count = 1000000', 'fs.nr_open = 1000000'],
      ['sysctl -p /etc/sysctl.d/90-stockade-solana.conf'],
    ),
};

const file = (path: string, lines: readonly string[], then: readonly string[]): readonly string[] => [`install -d "$(dirname ${path})"`, `cat > ${path} <<'STOCKADE'`, ...lines, 'STOCKADE', ...then];
