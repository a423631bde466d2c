import { describe, expect, it } from 'vitest';
import type { Access } from '../../apps/deploy/access';
import { fire, stop } from '../../apps/deploy/operate';
import { LABELS } from '../../naming';

const TARGET = { network: 'hoodi', node: 'hoodi-0', component: 'validator' } as const;
const NAME = 'hoodi-0-validator';
const STATEFUL_SETS = '/apis/apps/v1/namespaces/staking-hoodi/statefulsets';
const POD = `/api/v1/namespaces/staking-hoodi/pods/${NAME}-0`;

/** One StatefulSet as a cluster shows it: what its controller does, it does before an answer. */
interface World {
  generation: number;
  partition: number;
  replicas: number;
  seen: number;
  counted: number;
  current: string;
  update: string;
  /** The revision of its pod; undefined while there is none. */
  pod: string | undefined;
  ready: number;
}
const QUIET: World = { generation: 3, partition: 1, replicas: 1, seen: 3, counted: 1, current: 'r1', update: 'r1', pod: 'r1', ready: 1 };

function cluster(world: World, controller: (world: World) => void): Access {
  return {
    kubectl: async (args) => {
      const patched = args.find((arg) => arg.startsWith('--patch='));
      if (patched !== undefined) {
        const { spec } = JSON.parse(patched.slice('--patch='.length)) as { spec: { replicas?: number; updateStrategy?: { rollingUpdate: { partition: number } } } };
        world.generation += 1;
        world.replicas = spec.replicas ?? world.replicas;
        world.partition = spec.updateStrategy?.rollingUpdate.partition ?? world.partition;
        return { code: 0, stdout: '', stderr: '' };
      }
      controller(world);
      const labels = { [LABELS.node]: TARGET.node, [LABELS.component]: TARGET.component, [LABELS.signer]: 'true' };
      const metadata = { name: NAME, namespace: 'staking-hoodi', uid: 'u', generation: world.generation, labels };
      const statefulSet = { metadata, spec: { replicas: world.replicas, updateStrategy: { rollingUpdate: { partition: world.partition } } }, status: { observedGeneration: world.seen, replicas: world.counted, currentRevision: world.current, updateRevision: world.update, readyReplicas: world.ready } };
      const pod = world.pod === undefined ? undefined : { metadata: { ...metadata, name: `${NAME}-0`, labels: { ...labels, 'controller-revision-hash': world.pod } } };
      const found = { [STATEFUL_SETS]: { items: [statefulSet] }, [`${STATEFUL_SETS}/${NAME}`]: statefulSet, [POD]: pod }[args[2]!];
      return found === undefined ? { code: 1, stdout: '', stderr: 'Error from server (NotFound): gone' } : { code: 0, stdout: JSON.stringify(found), stderr: '' };
    },
  };
}

/** Looks, and lets a fired pod be made anew: first it goes, then it is ready. */
function replaces(world: World): void {
  world.seen = world.generation;
  if (world.partition !== 0 || world.pod === world.update) return;
  world.ready = world.pod === undefined ? 1 : 0;
  world.pod = world.pod === undefined ? world.update : undefined;
  if (world.ready === 1) world.current = world.update;
}

async function fired(world: World, controller: (world: World) => void): Promise<string[]> {
  const said: string[] = [];
  await fire(cluster(world, controller), TARGET, { say: (line) => said.push(line), timeoutSeconds: 5 });
  return said;
}

describe('firing', () => {
  it('after a change that went wrong was taken back, replaces the pod that is still at it', async () => {
    const world: World = { ...QUIET, pod: 'r2', ready: 0 };
    expect(await fired(world, replaces)).toEqual([`firing ${NAME}`, `${NAME} runs r1, and is armed`]);
    expect(world).toMatchObject({ pod: 'r1', partition: 1 });
  });

  it('the same where the pod that went wrong calls itself ready', async () => {
    const world: World = { ...QUIET, pod: 'r2' };
    await fired(world, replaces);
    expect(world).toMatchObject({ pod: 'r1', partition: 1 });
  });

  it('makes the pod that a rule, tightened since, lets come back no more at the revision that it had', async () => {
    const world: World = { ...QUIET, update: 'r2', pod: undefined, ready: 0 };
    expect(await fired(world, replaces)).toEqual([`firing ${NAME}`, `${NAME} runs r2, and is armed`]);
  });

  it('waits until the controller has seen what was just applied', async () => {
    let looks = 0;
    const world: World = { ...QUIET, generation: 4 };
    const late = (one: World): void => {
      looks += 1;
      if (looks < 3) return;
      if (one.seen === 3) one.update = 'r2';
      replaces(one);
    };
    expect(await fired(world, late)).toEqual([`firing ${NAME}`, `${NAME} runs r2, and is armed`]);
  });

  it('the control: what runs what was applied is left alone', async () => {
    const world = { ...QUIET };
    expect(await fired(world, replaces)).toEqual([`${NAME} runs what was applied`]);
    expect(world).toEqual(QUIET);
  });
});

describe('stopping', () => {
  const stopped = async (world: World, controller: (world: World) => void): Promise<string[]> => {
    const said: string[] = [];
    await stop(cluster(world, controller), TARGET, { say: (line) => said.push(line), timeoutSeconds: 1, why: 'x', all: false });
    return said;
  };

  it('believes in no end while the controller has not seen the stop, and may make the pod again', async () => {
    await expect(stopped({ ...QUIET, pod: undefined, counted: 0 }, () => undefined)).rejects.toThrow('is still there after 1 s: it may be signing');
  });

  it('the control: it is stopped once the controller has, and counts no pod', async () => {
    const sees = (world: World): void => { world.seen = world.generation; world.counted = 0; world.pod = undefined; };
    expect(await stopped({ ...QUIET }, sees)).toEqual([`${NAME} is held and stops`, `pod ${NAME}-0 is gone`]);
  });
});
