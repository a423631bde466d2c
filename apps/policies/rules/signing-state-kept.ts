import { AGENT } from '../../../contract/agent';
import { SIGNING_VOLUMES } from '../../../model/catalogue';
import { celList, celString, say, type Rule } from '../policy';
import type { PolicyFacts } from '../vocabulary';

/** A signer runs on the disk that knows what it signed, behind the guard that checks that it is the one. */
export const signingStateKept = ({ settings: { agent }, volumes }: PolicyFacts): Rule => ({
  purpose: 'A signer that starts on another or an empty disk has forgotten what it signed.',
  scope: 'protected',
  judges: 'object',
  shape: ['metadata.labels', 'spec.template'],
  resources: [{ group: 'apps', resources: ['statefulsets'], operations: ['CREATE', 'UPDATE'] }],
  variables: {
    newVolumes: `object.spec.template.spec.?volumes.orValue([])`,
    oldDisks: `oldObject == null ? [] : oldObject.spec.template.spec.?volumes.orValue([]).filter(volume, has(volume.persistentVolumeClaim))`,
    inits: `object.spec.template.spec.?initContainers.orValue([])`,
    guards: `variables.inits.filter(container, container.name == ${celString(AGENT.guardName)})`,
    guarded: `size(variables.guards) == 0 ? [] : variables.guards[0].?volumeMounts.orValue([]).filter(mount, variables.newVolumes.exists(volume, volume.name == mount.name && has(volume.persistentVolumeClaim)))`,
    clients: `object.spec.template.spec.containers.filter(container, container.name == ${celString(AGENT.clientContainerName)})`,
    oldGuarded:
      `oldObject == null ? [] : oldObject.spec.template.spec.?initContainers.orValue([]).filter(container, container.name == ${celString(AGENT.guardName)})` +
      `.map(container, container.?volumeMounts.orValue([]).filter(mount, variables.oldDisks.exists(volume, volume.name == mount.name)).map(mount, mount.name + ' at ' + mount.mountPath + '/' + mount.?subPath.orValue('')).join(' '))`,
    agentImages: `[${celString(`${agent.image}:`)}, ${celString(`${agent.image}@`)}]`,
  },
  validations: [
    {
      expression: `variables.oldDisks.all(disk, variables.newVolumes.exists(volume, volume.name == disk.name && has(volume.persistentVolumeClaim) && volume.persistentVolumeClaim.claimName == disk.persistentVolumeClaim.claimName))`,
      message: `'a node keeps its disks: ' + variables.oldDisks.filter(disk, !variables.newVolumes.exists(volume, volume.name == disk.name && has(volume.persistentVolumeClaim) && volume.persistentVolumeClaim.claimName == disk.persistentVolumeClaim.claimName)).map(disk, disk.name).join(', ') + ' would be another volume or none. Declare another node.'`,
    },
    {
      expression: `!variables.signs || (size(variables.guards) == 1 && variables.inits[0].name == ${celString(AGENT.guardName)} && size(variables.guarded) == 1 && variables.guarded.all(mount, mount.name in ${celList(Object.keys(volumes).filter((name) => SIGNING_VOLUMES.includes(volumes[name]!)).sort())}) && variables.guards[0].?args.orValue([]).exists(arg, arg == 'guard') && !has(variables.guards[0].command))`,
      message: say(`a signer starts with the init container ${AGENT.guardName}, which refuses an empty or foreign disk, on the PVC of its signing state. Apply what synth rendered.`),
    },
    {
      expression:
        `!variables.signs || (size(variables.clients) == 1 && variables.guarded.all(guarded, variables.clients[0].?volumeMounts.orValue([]).exists(mount, mount.name == guarded.name && mount.mountPath == guarded.mountPath && !has(mount.subPath) && !has(mount.subPathExpr))` +
        ` && !has(guarded.subPath) && !has(guarded.subPathExpr)))`,
      message: say('the client must have its signing state where the guard looks at it. Apply what synth rendered.'),
    },
    {
      expression: `size(variables.oldGuarded) == 0 || variables.oldGuarded == (size(variables.guards) == 0 ? [] : [variables.guarded.map(mount, mount.name + ' at ' + mount.mountPath + '/' + mount.?subPath.orValue('')).join(' ')])`,
      message: say('the signing state stays on its volume, at its place: another one would be empty. Declare another node.'),
    },
    {
      expression:
        `variables.inits.exists(container, container.name == ${celString(AGENT.containerName)} && container.?restartPolicy.orValue('') == 'Always' && !has(container.command) && container.?args.orValue([]).exists(arg, arg == 'serve'))`,
      message: say(`the agent (native sidecar ${AGENT.containerName}) must run beside the client: it ends the client when its claim on the key can't be renewed.`),
    },
    {
      expression: `variables.inits.all(container, variables.agentImages.exists(prefix, container.image.startsWith(prefix)))`,
      message: `'init containers are the agent\\'s, of image ' + variables.agentImages[0] + '<version>: found ' + variables.inits.map(container, container.image).join(', ') + '.'`,
    },
  ],
});
