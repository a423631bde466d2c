import { type Problem, problems } from '../errors';
import { type CheckContext, INFRASTRUCTURE_FILE } from './context';

/** Atlantis' machine is in the management network of the home cloud, and starts from an image of that cloud. */
export function atlantisMachine(context: CheckContext): Problem[] {
  const { infrastructure } = context.fleet;
  if (infrastructure === undefined) return [];
  const { home, gcp, aws, atlantis } = infrastructure;
  const found: Problem[] = [];
  const wrong = (path: 'zone' | 'bootImage', allowed: string): void => {
    found.push(problems.wrongValue(context.at(INFRASTRUCTURE_FILE, ['atlantis', path]), { path, value: atlantis[path], allowed, next: `Atlantis runs in the home cloud, which home.cloud says is "${home.cloud}".` }));
  };
  if (home.cloud === 'aws') {
    if (!aws.management.zones.includes(atlantis.zone)) wrong('zone', `one of ${aws.management.zones.join(', ')}`);
    if (!/^ami-[0-9a-f]{8,17}$/.test(atlantis.bootImage)) wrong('bootImage', 'the id of an image of Amazon Linux 2023, such as `aws ssm get-parameter --name /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64` names');
  } else {
    if (!new RegExp(`^${gcp.management.region}-[a-z]$`).test(atlantis.zone)) wrong('zone', `a zone of ${gcp.management.region}, where the management network is`);
    if (!/^projects\/[^/]+\/global\/images\/.+/.test(atlantis.bootImage)) wrong('bootImage', 'an image of a container-optimised system, as `gcloud compute images list --project cos-cloud` lists them');
  }
  return found;
}
