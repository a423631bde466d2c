import { join } from 'node:path';
import { checkFleetFolder } from '../../model/check-folder';
import { catalogue } from '../../chains';
import { Api } from './api';
import { simulateMachines } from './machines';
import { Authority } from './pki';

/** The simulated machines of a cluster that was left running, as a process of their own. Started by `cluster:up`. */
async function main(folder: string, url: string, name: string): Promise<void> {
  const { fleet } = checkFleetFolder(join(__dirname, '..', '..', 'fleet'), catalogue);
  const authority = Authority.open(join(folder, 'pki'));
  const admin = new Api(url, authority.certificate, await authority.client({ user: 'system:serviceaccount:kube-system:csi-provisioner', groups: ['system:masters'] }));
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  await simulateMachines(
    admin,
    fleet!.clusters[name]!,
    async (machine) => admin.as(await authority.client({ user: `system:node:${machine}`, groups: ['system:nodes'] })),
    stop.signal,
  );
}

const [folder = '', url = '', name = ''] = process.argv.slice(2);
main(folder, url, name).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
