import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findBinaries, NoClusterHere, pinnedVersion, TOOLS } from './binaries';

/** Stands in for Go: lists two packages, and "builds" files with the names that Go would give them. */
const FAKE_GO = `#!/bin/sh
if [ "$1 $3" = "list -m" ]; then echo "$GO_MODULE"; exit 0; fi
if [ "$1" = list ]; then echo a; echo b; exit 0; fi
echo "$*" >> "$GO_CALLS"
[ -z "$GO_FAILS" ] || { echo "it does not compile" >&2; exit 1; }
while [ "$1" != -o ]; do shift; done
out=$2; shift 2
sleep 0.2
for package; do
  name=\${package%/v3}; name=\${name##*/}
  echo built > "$out$name"; chmod +x "$out$name"
done
`;

let root: string;
let env: NodeJS.ProcessEnv;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stockade-binaries-'));
  for (const folder of ['path', 'cache', 'assets']) mkdirSync(join(root, folder));
  env = { PATH: `${join(root, 'path')}:/bin:/usr/bin:/usr/local/bin`, STOCKADE_CACHE: join(root, 'cache'), GO_CALLS: join(root, 'calls'), GO_MODULE: join(root, 'module') };
  mkdirSync(join(root, 'module', 'charts', 'gatekeeper', 'crds'), { recursive: true });
  writeFileSync(join(root, 'module', 'charts', 'gatekeeper', 'crds', 'one.yaml'), 'kind: X\n');
  program('path', 'go', FAKE_GO);
  program('path', 'kubectl', '#!/bin/sh\n');
  program('path', 'openssl', '#!/bin/sh\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const program = (folder: string, name: string, text: string): void => {
  writeFileSync(join(root, folder, name), text);
  chmodSync(join(root, folder, name), 0o755);
};
const builds = (): string[] => (existsSync(env['GO_CALLS']!) ? readFileSync(env['GO_CALLS']!, 'utf8').trim().split('\n') : []);

describe('programs of a cluster', () => {
  it('are built once, where two runs start at once too, and found by the next', async () => {
    const lines: string[] = [];
    const [first, second] = await Promise.all([findBinaries({ env, progress: (line) => lines.push(line) }), findBinaries({ env, progress: (line) => lines.push(line) })]);
    expect(second).toEqual(first);
    expect(builds().length).toBe(6);
    for (const path of Object.values(first)) expect(existsSync(path)).toBe(true);
    expect(lines).toContainEqual(expect.stringContaining('building from Go modules; this happens once'));
    expect(lines).toContainEqual(expect.stringMatching(/waiting for process \d+, which is building the same/));
    expect(await findBinaries({ env })).toEqual(first);
    expect(builds().length).toBe(6);
  });

  it('are pinned: a build takes the versions of go.mod, without changing it', async () => {
    const { etcd } = await findBinaries({ env });
    expect(etcd).toContain(`etcd-${pinnedVersion(readFileSync(join(__dirname, 'go/etcd/go.mod'), 'utf8'), 'go.etcd.io/etcd/server/v3')}`);
    for (const build of builds()) expect(build).toContain('-mod=readonly -trimpath');
  });

  it('come from KUBEBUILDER_ASSETS where they lie there', async () => {
    program('assets', 'etcd', '#!/bin/sh\n');
    program('assets', 'kube-apiserver', '#!/bin/sh\necho Kubernetes v1.34.2\n');
    const found = await findBinaries({ env: { ...env, KUBEBUILDER_ASSETS: join(root, 'assets') } });
    expect(found.etcd).toBe(join(root, 'assets', 'etcd'));
    expect(found['kube-apiserver']).toBe(join(root, 'assets', 'kube-apiserver'));
    expect(found.kubectl).toBe(join(root, 'path', 'kubectl'));
    expect(builds().map((build) => build.split(' ').slice(build.split(' ').indexOf('-o') + 2))).toEqual([
      ['k8s.io/kubernetes/cmd/kube-controller-manager', 'k8s.io/kubernetes/cmd/kube-scheduler'],
      ['k8s.io/kubernetes/cmd/kube-apiserver'],
      ['sigs.k8s.io/kwok/cmd/kwok'],
      ['github.com/open-policy-agent/gatekeeper/v3'],
      ['helm.sh/helm/v3/cmd/helm'],
    ]);
  });

  it('are left out where they are not needed', async () => {
    const found = await findBinaries({ env, without: ['helm', 'kube-apiserver-next'] });
    expect(existsSync(found.helm)).toBe(false);
    expect(existsSync(found['kube-apiserver'])).toBe(true);
    expect(builds().join('\n')).not.toContain('helm');
  });

  it('are not mixed across versions that Kubernetes does not support together', async () => {
    program('assets', 'kube-apiserver', '#!/bin/sh\necho Kubernetes v1.31.0\n');
    const search = findBinaries({ env: { ...env, KUBEBUILDER_ASSETS: join(root, 'assets') } });
    await expect(search).rejects.toThrow(NoClusterHere);
    await expect(search).rejects.toThrow(/is Kubernetes v1\.31\.0, which controllers of v1\.34\.4 can't serve/);
  });

  it('without Go: says what is missing and what to install', async () => {
    rmSync(join(root, 'path', 'go'));
    const search = findBinaries({ env: { ...env, PATH: join(root, 'path') } });
    await expect(search).rejects.toThrow(NoClusterHere);
    await expect(search).rejects.toThrow('etcd not found: KUBEBUILDER_ASSETS is not set, and there is no Go on the PATH to build them. Install Go');
  });

  it('a build that fails says why, and leaves neither a lock nor half a program', async () => {
    await expect(findBinaries({ env: { ...env, GO_FAILS: '1' } })).rejects.toThrow(/go build of etcd .* ended with 1:\nit does not compile/);
    const left = readdirSync(join(root, 'cache', 'stockade', 'bin'), { recursive: true }) as string[];
    expect(left.length).toBe(1);
    expect(left[0]).toMatch(/^etcd-v3/);
    expect(Object.keys(await findBinaries({ env })).sort()).toEqual([...TOOLS].sort());
  });

  it('takes over the lock of a run that died', async () => {
    await findBinaries({ env });
    const bin = join(root, 'cache', 'stockade', 'bin');
    const folder = join(bin, (readdirSync(bin)).find((name) => name.startsWith('kwok-'))!);
    rmSync(folder, { recursive: true });
    writeFileSync(`${folder}.lock`, '2147483646');
    await findBinaries({ env });
    expect(existsSync(join(folder, 'kwok'))).toBe(true);
  });
});
